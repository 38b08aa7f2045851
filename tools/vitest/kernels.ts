// vitest's global setup: tests run from sources, and the kernels' bytes are generated from theirs.
export { ensureKernels as default } from "../lib/bootstrap.mjs";
