import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defaultClientConditions, defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";
import { LongFirst } from "./tools/vitest/long-first.ts";
import { softwareGpu } from "./tools/vitest/software-gpu.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Packages are tested from their sources: the `@isthmus/source` export condition needs no build. */
const fromSource = (defaults: readonly string[]): string[] => ["@isthmus/source", ...defaults];

const full = "test/**/*.full.test.ts";
const soak = "test/**/*.soak.test.ts";

/** fast needs Node only; full needs Chromium or Python packages; soak takes long. See CONTRIBUTING.md. */
const tiers = {
  fast: { include: ["test/**/*.test.ts"], exclude: [full, soak], testTimeout: 60_000 },
  full: { include: [full], exclude: [], testTimeout: 300_000 },
  soak: { include: [soak], exclude: [], testTimeout: 3_600_000 },
};
const tier = tiers[(process.env["ISTHMUS_TIER"] ?? "fast") as keyof typeof tiers];

// Libraries are looked for where the environment says when a process starts: those of the tests inherit this.
if (tier === tiers.full) Object.assign(process.env, softwareGpu());

/** Node 20 keeps relaxed SIMD behind a flag; with it both builds of the kernels are tested. Newer Nodes need none. */
const relaxedSimd = process.versions.node.startsWith("20.") ? ["--experimental-wasm-relaxed-simd"] : [];

const folders = (below: string): string[] => readdirSync(here(below)).map((name) => `${below}/${name}`);

/** As in the package's own name without the scope: `apps/edge` is `edge-agent`. */
const nameOf = (folder: string): string => {
  const { name } = JSON.parse(readFileSync(here(`${folder}/package.json`), "utf8")) as { name: string };
  return name.replace(/^@isthmus\//, "");
};

export default defineConfig({
  resolve: { conditions: fromSource(defaultClientConditions) },
  ssr: { resolve: { conditions: fromSource(defaultServerConditions) } },
  test: {
    // Vitest leaves a core to itself, of two every second one.
    maxWorkers: "100%",
    sequence: { sequencer: LongFirst },
    projects: [...folders("packages"), ...folders("apps"), "tools"].map((folder) => ({
      extends: true as const,
      test: {
        name: nameOf(folder),
        root: here(folder),
        ...tier,
        hookTimeout: 120_000,
        execArgv: ["--expose-gc", ...relaxedSimd],
        setupFiles: ["quiet", "properties", "arrays"].map((name) => here(`tools/vitest/${name}.ts`)),
        globalSetup: [here("tools/vitest/kernels.ts")],
      },
    })),
  },
});
