/**
 * Deno, Bun and browsers have no Node in them. Here every entry that promises to be free of platforms runs in a context of the language
 * alone, with the few things beside it that all of them have, and trains and codes there to the bits of this process.
 */
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { build, type Rolldown } from "vite";
import { beforeAll, describe, expect, it } from "vitest";
import { run, type RunSummary } from "../browser/run.ts";
import { root } from "../lib/paths.mjs";
import { entries } from "../sizes.mjs";

/** Of the libraries, but for those of Node. */
const specifiers = Object.keys(entries());

/** What browsers, Deno and Bun have alike, and the language has not. */
const everywhere = { atob, performance, setTimeout, clearTimeout, TextDecoder, TextEncoder, URL };

const ENTRY = "\0entries";
const builtins: string[] = [];
let global: { entries: Record<string, readonly string[]>; run: (build: string) => Promise<RunSummary> };

beforeAll(async () => {
  const names = specifiers.map((specifier, i) => `import * as e${i} from ${JSON.stringify(specifier)};`);
  const table = specifiers.map((specifier, i) => `${JSON.stringify(specifier)}: Object.keys(e${i})`);
  const code = [
    ...names,
    `import { run } from ${JSON.stringify(join(root, "tools", "browser", "run.ts"))};`,
    `Object.assign(globalThis, { run, entries: { ${table.join(", ")} } });`,
  ];
  const importer = join(root, "tools", "entries.js");
  const { output } = (await build({
    ...{ root: join(root, "tools"), configFile: false, logLevel: "silent" },
    resolve: { conditions: ["@isthmus/source", "module", "browser", "production"] },
    plugins: [
      {
        name: "entries",
        enforce: "pre",
        async resolveId(source, from, { kind }) {
          if (source === ENTRY) return ENTRY;
          // CommonJS asks for some where it finds itself in Node; an import would be asked for everywhere.
          if (isBuiltin(source) && kind !== "require-call") builtins.push(`${from} imports ${source}`);
          return from === ENTRY ? this.resolve(source, importer, { skipSelf: true }) : undefined;
        },
        load: (id) => (id === ENTRY ? code.join("\n") : undefined),
      },
    ],
    build: {
      ...{ write: false, minify: false, modulePreload: false },
      rolldownOptions: {
        input: ENTRY,
        // For Node, and loaded there when it is asked for.
        external: "webgpu",
        output: { format: "iife", codeSplitting: false },
      },
    },
  })) as Rolldown.RolldownOutput;
  const context = createContext({ ...everywhere });
  context["self"] = context;
  runInContext(output[0].code, context);
  global = context as typeof global;
}, 120_000);

it("no entry, nor what it depends on, imports a module of Node's", () => {
  expect(builtins).toEqual([]);
});

describe("without process, Buffer, require and the Web", () => {
  it.each(specifiers)("%s loads", (specifier) => {
    expect(global.entries[specifier]).not.toEqual([]);
  });

  it("the packages train and code to the bits of this process", async () => {
    expect(await global.run("simd128")).toEqual(await run("simd128"));
  }, 120_000);
});
