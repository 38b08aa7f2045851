import type { Engine } from "@isthmus/graph";

/**
 * What can be chosen, in the order in which engines are tried, and taken where two are equally fast: our own kernels, and
 * TensorFlow.js on one of its backends.
 */
export const engineNames = ["wasm", "tfjs:webgpu", "tfjs:webgl", "tfjs:wasm", "tfjs:cpu"] as const;
export type EngineName = (typeof engineNames)[number];

/**
 * What an engine must be, whatever is preferred: the one of that name; one that computes on WebGPU or WebGL; on a graphics
 * card (`gpu`: WebGPU or WebGL, no software in its place); with more threads than one.
 */
export type Requirement = EngineName | "webgpu" | "webgl" | "gpu" | "threads";
export const requirements: readonly Requirement[] = [...engineNames, "webgpu", "webgl", "gpu", "threads"];

/** The engines that a requirement leaves to be tried. */
export function meeting(requirement: Requirement): readonly EngineName[] {
  switch (requirement) {
    case "webgpu":
      return ["tfjs:webgpu"];
    case "webgl":
      return ["tfjs:webgl"];
    case "gpu":
      return ["tfjs:webgpu", "tfjs:webgl"];
    case "threads":
      return ["wasm"];
    default:
      return [requirement];
  }
}

/** What a selector calls an engine that it, or a file, names by `name` and `build`; undefined for one that it has no name for. */
export function engineNameOf({ name, build }: Pick<Engine, "name" | "build">): EngineName | undefined {
  return engineNames.find((known) => known === name || known === `${name}:${build}`);
}
