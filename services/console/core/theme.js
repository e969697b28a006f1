// Before the first paint: the theme that was chosen here before; without one, the system's.
try {
  const chosen = localStorage.getItem('sluice.theme')
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen
} catch {
  // A browser that keeps nothing shows the system's theme.
}
