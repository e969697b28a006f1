#!/usr/bin/env bash
# vitest 4.1.11, three projects `a`, `b` and `c`, and `vitest run --project '!a' --project '!b'`.
#
# One would guess: each filter takes projects away, so `c` alone runs. `--project '!a'` by itself runs `b` and `c`, as its documentation says.
# Seen: all three run. A project runs when any one of the filters admits it; `!b` admits `a`, and `!a` admits `b`. A script that leaves out a
# second project this way runs everything, with no word about it.
#
# Exits 0 while this is so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-save --ignore-scripts --no-audit --no-fund vitest@4.1.11 >/dev/null 2>&1
cat > vitest.config.mjs <<'JS'
const project = name => ({ test: { name, include: [`${name}.test.mjs`] } })
export default { test: { projects: ['a', 'b', 'c'].map(project) } }
JS
for name in a b c; do
  echo "import { expect, it } from 'vitest'; it('runs', () => expect(1).toBe(1))" > "$name.test.mjs"
done
ran() { npx vitest run --reporter=json "$@" 2>/dev/null | node -e "
  const { testResults } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'))
  console.log(testResults.map(({ name }) => name.at(-10)).sort().join(''))"; }
one=$(ran --project '!a')
two=$(ran --project '!a' --project '!b')
echo "--project '!a' ran: $one; --project '!a' --project '!b' ran: $two"
[ "$one" = bc ] && [ "$two" = abc ]
