// How fast the page shows the states of a long stream, as the one who looks at it sees it.

/**
 * Milliseconds from wanting the stream to the frame that shows its state, and the same for steps of the slider all over it.
 * Measured in the page: the time is up when the frame with the answer in it has been drawn.
 */
export const measureLarge = (page, stream) => page.evaluate(async (name) => {
  const drawn = (isThere) => new Promise((resolve) => {
    const look = () => requestAnimationFrame(() => (isThere() ? setTimeout(resolve) : look()))
    look()
  })
  const shows = (text) => drawn(() => document.querySelector(".moment b")?.textContent === text && document.querySelector(".json .row"))
  const begin = performance.now()
  location.hash = `#/${name}`
  await shows("100,000")
  const first = performance.now() - begin
  // What the page fetches besides has come when the strips are there.
  await drawn(() => document.querySelector(".strip"))
  const slider = document.querySelector('input[type="range"]')
  const steps = []
  for (let turn = 0; turn < 20; ++turn) {
    const at = turn % 4 === 3 ? Number(slider.value) + 1 : (turn * 31_337) % 99_000 + 1
    const start = performance.now()
    slider.value = String(at)
    slider.dispatchEvent(new Event("input"))
    await shows(at.toLocaleString("en"))
    steps.push(performance.now() - start)
  }
  return { first, steps }
}, stream)
