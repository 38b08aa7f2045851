export { download } from "./node/download.ts";
export type { DownloadOptions, DownloadProgress } from "./node/download.ts";
export { readFileBytes, writeFileAtomic } from "./node/files.ts";
export type { FileContent } from "./node/files.ts";
export { loadMnist, loadMnistSplits } from "./node/mnist.ts";
export type { LoadMnistOptions, MnistOptions } from "./node/mnist.ts";
export type { MnistSplit } from "./node/mnist-files.ts";
