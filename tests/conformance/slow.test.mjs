// Every flush of the disk takes 50 ms.

import { runConformanceTests } from "@durable-streams/server-conformance-tests"
import { suiteOptions } from "./options.mjs"

runConformanceTests(suiteOptions(process.env.FOLDBACK_SLOW_URL))
