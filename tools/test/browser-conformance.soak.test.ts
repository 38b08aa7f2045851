import { conformanceTests } from "./support/browser-conformance.ts";

// Without a graphics card these take very long; browsers train with them in environments.full.test.ts, and Node passes with WebGPU in full.
conformanceTests(["tfjs:webgpu", "tfjs:webgl"], [["page", false]]);
