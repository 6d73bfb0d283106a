import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["*.test.mjs"],
    watch: false,
    // One worker per store; tests within a file run in order, as the suite has them.
    maxWorkers: 3,
    fileParallelism: true,
  },
})
