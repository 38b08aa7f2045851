import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, getPriority, loadavg } from "node:os";

/** What a figure was measured on. */
export interface Machine {
  readonly cpu: string;
  /** Family, model and vector instructions, where the system says; a cloud's model name often tells little. */
  readonly cpuDetails: string | null;
  readonly cores: number;
  readonly platform: string;
  readonly node: string;
  readonly v8: string;
  /** Where the system was told to prefer us, or others: from -20, first of all, to 19. */
  readonly priority?: number;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cpuDetails: existsSync("/proc/cpuinfo") ? cpuDetails(readFileSync("/proc/cpuinfo", "utf8")) : null,
    cores: availableParallelism(),
    platform: `${process.platform} ${process.arch}`,
    node: process.versions.node,
    v8: process.versions.v8,
    ...(getPriority() !== 0 && { priority: getPriority() }),
  };
}

const VECTOR_FLAGS = ["avx2", "fma", "avx512f", "asimd", "sve"];

/** Linux's `/proc/cpuinfo` in short: `family 25, model 1; avx2 fma`. */
export function cpuDetails(cpuinfo: string): string | null {
  const field = (name: RegExp): string | undefined => name.exec(cpuinfo)?.[1];
  const family = field(/^cpu family\s*: (.+)$/m);
  const model = field(/^model\s*: (.+)$/m);
  const flags = field(/^(?:flags|Features)\s*: (.+)$/m)?.split(" ") ?? [];
  const vectors = VECTOR_FLAGS.filter((flag) => flags.includes(flag)).join(" ");
  const name = family && model ? `family ${family}, model ${model}` : "";
  return [name, vectors].filter((text) => text !== "").join("; ") || null;
}

/** Runnable processes over the last minute; 0 where the system does not count them. */
export function loadAverage(): number {
  return loadavg()[0]!;
}

/** One line for people. */
export function machineLine({ cpu, cpuDetails: details, cores, platform, node, v8, priority }: Machine): string {
  const preferred = priority === undefined ? "" : `, at priority ${priority} (usual: 0)`;
  return `${cpu}${details ? ` (${details})` : ""}, ${cores} cores, ${platform}, Node ${node} (V8 ${v8})${preferred}`;
}
