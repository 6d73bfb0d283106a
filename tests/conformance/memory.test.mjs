import { runConformanceTests } from "@durable-streams/server-conformance-tests"
import { suiteOptions } from "./options.mjs"

runConformanceTests(suiteOptions(process.env.FOLDBACK_MEMORY_URL))
