import { existsSync, readdirSync } from 'node:fs'
import type { Modality, Task } from '#services/contract/content'
import { viewsTaken } from '#services/contract/media/views'
import type { Clock } from '#services/contract/clock'
import { createAudioDecoder } from '#services/media/audio/audio-decoder'
import { createSightDecoder } from '#services/media/sight/sight-decoder'
import { createAdmit, type Admit, type AdmitOptions } from '#services/router/admit/admit'
import { createFetchPart, type FetchLimits } from '#services/router/admit/fetch/fetch-part'
import { audioDecodeMs, audioDecoders } from '#services/router/lifecycle/timings'
import type { LoadedConfig } from '#services/config/load-config'
import type { Config } from '#services/config/schema'
import { softwareVersion } from '#services/platform/process/software-version'
import type { TracedProcess } from '#services/platform/telemetry/otlp-tracer'
import type { HedgeOptions } from '#services/router/pools/hedging-policy'
import type { WatchedPool } from '#services/router/pools/fleet-watch'

/** The pools as the fleet's watch wants to know them. */
export function watchedPoolsOf({ pools }: Config): ReadonlyMap<string, WatchedPool> {
  return new Map(
    Object.entries(pools).map(([name, { coldStartMs, concurrency, batch }]) => [
      name,
      { workerCapacity: concurrency * batch.maxSize, ...(coldStartMs === undefined ? {} : { coldStartMs }) },
    ]),
  )
}

/** The pools that are hedged, and how. */
export function hedgesOf({ pools }: Config): ReadonlyMap<string, HedgeOptions> {
  return new Map(Object.entries(pools).flatMap(([name, { hedge }]) => (hedge === undefined ? [] : [[name, hedge]])))
}

/** From where parts may be fetched. */
function fetchLimitsOf({ limits }: Config): FetchLimits {
  const { megabytes, requestMegabytes, ...rest } = limits.fetch
  return { ...rest, bytes: megabytes * 1e6, requestBytes: requestMegabytes * 1e6 }
}

/** What requests are held to. */
export function admitOptionsOf({ config }: Pick<LoadedConfig, 'config'>): AdmitOptions {
  const { limits } = config
  const recipes = Object.values(config.ladders).flatMap(ladder =>
    [...ladder.rungs, ...ladder.fallbacks].flatMap(rung =>
      typeof rung === 'string' || rung.recipe === undefined ? [] : `${rung.model}@${rung.recipe}`,
    ),
  )
  return {
    request: {
      parts: limits.parts,
      textCharacters: limits.textCharacters,
      messages: limits.messages,
      conversationCharacters: limits.conversationCharacters,
      models: new Set([...Object.keys(config.models), ...recipes]),
      ladders: new Set(Object.keys(config.ladders)),
      tiers: new Set(Object.values(config.pools).map(pool => pool.tier)),
      labelSets: labelSetsOf(config),
    },
    media: { imageMegapixels: limits.imageMegapixels, audioSeconds: limits.audioSeconds },
    views: {
      imageMegapixels: limits.imageMegapixels,
      videoSeconds: limits.audioSeconds,
      videoFrames: limits.videoFrames,
      drawnPages: limits.drawnPages,
      textPages: limits.textPages,
    },
    defaultDeadlineMs: limits.defaultDeadlineMs,
    asyncDeadlineMs: limits.asyncDeadlineMs,
    longestDeadlineMs: limits.longestDeadlineMs,
  }
}

/** The label sets are the folders of trained heads, one for each set. */
function labelSetsOf(config: Config): ReadonlySet<string> {
  const folders = Object.values(config.models).flatMap(({ backend }) =>
    backend.kind === 'embedding' && backend.heads !== undefined ? backend.heads : [],
  )
  const sets = folders
    .filter(folder => existsSync(folder))
    .flatMap(folder => readdirSync(folder, { withFileTypes: true }))
  return new Set(sets.filter(entry => entry.isDirectory()).map(entry => entry.name))
}

/** What traces say of a router of this name. */
export function tracedRouterOf({ places }: LoadedConfig, name: string): TracedProcess {
  return { service: 'sluice-router', version: softwareVersion(places.root), instance: name }
}

/** What the rungs of ladders for videos are sent of one: all of it where they take that, else its frames and sound. */
function viewsWanted({ ladders, models }: Config): ReadonlyMap<Task, readonly Modality[]> {
  const wanted = new Map<Task, readonly Modality[]>()
  for (const { task, modalities, rungs, fallbacks } of Object.values(ladders)) {
    if (!modalities.includes('video')) continue
    const views = [...rungs, ...fallbacks].flatMap((rung): readonly Modality[] => {
      const { model, readers = {} } = typeof rung === 'string' ? { model: rung } : rung
      const taken = [...(models[model]?.modalities ?? []), ...(Object.keys(readers) as Modality[])]
      return viewsTaken(taken, ['video', 'image', 'audio'])
    })
    wanted.set(task, [...new Set([...(wanted.get(task) ?? []), ...views])])
  }
  return wanted
}

/** Builds admission, with what fetches parts and decodes recordings. */
export function composeAdmit({ config }: LoadedConfig, options: AdmitOptions, clock: Clock): Admit {
  const limitSeconds = config.limits.audioSeconds
  const models = Object.values(config.models)
  const wanted = viewsWanted(config)
  return createAdmit(options, {
    clock,
    fetcher: createFetchPart(fetchLimitsOf(config)),
    audio: createAudioDecoder({ limitSeconds, timeoutMs: audioDecodeMs, processes: audioDecoders }),
    sight: createSightDecoder({ timeoutMs: audioDecodeMs, processes: audioDecoders }),
    takes: (task, modality) =>
      models.some(({ tasks, modalities }) => tasks.includes(task) && modalities.includes(modality)),
    viewsFor: task => wanted.get(task),
  })
}
