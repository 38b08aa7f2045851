import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { members, root } from "../lib/paths.mjs";
import { asPromised, readSnippets, runFile, snippetsOf, typeErrors, withFiles } from "../snippets/snippets.ts";

const readmes = ["README.md", ...members().map((folder) => `${folder}/README.md`)].filter((file) =>
  existsSync(join(root, file)),
);
const snippets = readSnippets(readmes);

describe("the READMEs' snippets", () => {
  it("are sound TypeScript", async () => {
    expect(await withFiles(snippets, typeErrors)).toBe("");
  });

  it.each(snippets.filter(({ runs }) => runs))("$at runs, and prints what it promises", async (snippet) => {
    const printed = await withFiles([snippet], ([file]) => runFile(file!));
    if (snippet.prints.length > 0) expect(asPromised(printed, snippet.prints)).toEqual(snippet.prints);
  });
});

describe("reading snippets", () => {
  const page = [
    "text",
    "```ts",
    "console.log(1); // prints: 1",
    "```",
    "```sh",
    "ls",
    "```",
    "```ts no-run",
    "x;",
    "```",
  ].join("\n");

  it("finds ts blocks with their line, promises and whether they run", () => {
    expect(snippetsOf("P.md", page)).toEqual([
      { at: "P.md:2", code: "console.log(1); // prints: 1\n", runs: true, prints: ["1"] },
      { at: "P.md:8", code: "x;\n", runs: false, prints: [] },
    ]);
  });

  it("compares line by line, with … for anything", () => {
    expect(asPromised("loss 105.5 (nats)\n", ["loss … (nats)"])).toEqual(["loss … (nats)"]);
    expect(asPromised("loss 105.5 (bits)\n", ["loss … (nats)"])).toEqual(["loss 105.5 (bits)"]);
    expect(asPromised("1\n\n2\n", ["1"])).toEqual(["1", "2"]);
    expect(asPromised("1\n", ["1", "2"])).toEqual(["1"]);
  });

  it("catches a wrong type, a wrong name and a wrong output", async () => {
    const wrong = snippetsOf("P.md", '```ts\nimport { klTypo } from "@isthmus/math";\nconst n: number = "one";\n```');
    const errors = await withFiles(wrong, typeErrors);
    expect(errors).toMatch(/klTypo/);
    expect(errors).toMatch(/'string' is not assignable to type 'number'/);
    const [two] = snippetsOf("P.md", "```ts\nconsole.log(1 + 1); // prints: 3\n```");
    const printed = await withFiles([two!], ([file]) => runFile(file!));
    expect(asPromised(printed, two!.prints)).toEqual(["2"]);
  });
});
