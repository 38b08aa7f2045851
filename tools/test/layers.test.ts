import { expect, it } from "vitest";
import { importsOf, readDrawing, readWorkspace, violations } from "../layers.mjs";

type Package = ReturnType<typeof readWorkspace>["packages"][number];

const floors = readDrawing("```text\napps  shell\nL2    middle | words\nL1    left   right\nL0    base\n```");

const blank = (folder: string, dependencies: string[] = []): Package => ({
  folder,
  name: folder.split("/")[1]!,
  entries: [{ entry: ".", file: `${folder}/src/index.ts` }],
  dependencies,
  devDependencies: [],
  references: dependencies,
  sources: [{ file: `${folder}/src/index.ts`, imports: dependencies.map((name) => `@isthmus/${name}`) }],
  tests: [],
  page: [],
});

/** A sound house of five packages, with one of them changed. */
function house(changes: Partial<Package> & { name: string } = { name: "none" }) {
  const packages = [
    blank("packages/base"),
    blank("packages/left", ["base"]),
    blank("packages/right", ["base"]),
    blank("packages/middle", ["base", "left"]),
    blank("apps/shell", ["middle"]),
  ];
  return { floors, packages: packages.map((one) => (one.name === changes.name ? { ...one, ...changes } : one)) };
}

it("this workspace agrees with its drawing", () => {
  const workspace = readWorkspace();
  expect(workspace.packages.length).toBeGreaterThanOrEqual(11);
  expect(workspace.packages.every(({ sources }) => sources.length > 0)).toBe(true);
  expect(violations(workspace)).toEqual([]);
});

it("a sound house has no violations", () => {
  expect(violations(house())).toEqual([]);
});

it("reads floors from the bottom and ignores words", () => {
  expect(Object.fromEntries(floors)).toEqual({
    base: { height: 0, app: false },
    left: { height: 1, app: false },
    right: { height: 1, app: false },
    middle: { height: 2, app: false },
    shell: { height: 3, app: true },
  });
});

it("sees every kind of import, and none in comments and strings", () => {
  const text = `
    import a from "a"; import type { B } from "b"; export * from "c"; const d = await import("d");
    // import e from "e";
    const f = 'import g from "g"';`;
  expect(importsOf(text)).toEqual(["a", "b", "c", "d"]);
});

const index = (imports: string[]) => [{ file: "packages/left/src/index.ts", imports }];

it.each<[string, Partial<Package> & { name: string }, string]>([
  [
    "a dependency on a higher floor",
    { name: "left", dependencies: ["middle"], references: ["middle"], sources: [] },
    "packages/left/package.json: dependencies has middle, on a higher floor",
  ],
  [
    "a dependency on a sibling",
    { name: "left", dependencies: ["right"], references: ["right"], sources: [] },
    "packages/left/package.json: dependencies has right, a sibling on its floor",
  ],
  [
    "a dependency on an app",
    { name: "middle", dependencies: ["shell"], references: ["shell"], sources: [] },
    "packages/middle/package.json: dependencies has shell, an app",
  ],
  [
    "a test that depends on a higher floor",
    { name: "left", devDependencies: ["middle"] },
    "packages/left/package.json: devDependencies has middle, on a higher floor",
  ],
  [
    "a dependency that does not exist",
    { name: "left", dependencies: ["attic"], references: ["attic"], sources: [] },
    "packages/left/package.json: dependencies has attic, not a package of the drawing",
  ],
  ["a missing reference", { name: "left", references: [] }, "packages/left/tsconfig.json: no reference to base"],
  [
    "a reference that is no dependency",
    { name: "base", references: ["left"] },
    "packages/base/tsconfig.json: reference to left, not a dependency",
  ],
  [
    "an undeclared import",
    { name: "left", sources: index(["@isthmus/right"]) },
    "packages/left/src/index.ts: imports right, which its package.json does not declare",
  ],
  [
    "an import into another package's folder",
    { name: "left", sources: index(["../../right/src/index.ts"]) },
    "packages/left/src/index.ts: imports ../../right/src/index.ts, outside its package",
  ],
  [
    "a Node module behind a platform-free entry",
    {
      name: "left",
      sources: [...index(["./files.ts"]), { file: "packages/left/src/files.ts", imports: ["node:fs"] }],
    },
    'packages/left/src/files.ts: imports node:fs, and packages/left\'s entry "." reaches it',
  ],
  [
    "another package's Node entry behind a platform-free entry",
    { name: "left", sources: index(["@isthmus/base/node"]) },
    'packages/left/src/index.ts: imports @isthmus/base/node, and packages/left\'s entry "." reaches it',
  ],
])("catches %s", (_what, change, message) => {
  expect(violations(house(change))).toEqual([message]);
});

it("catches a package that is not drawn, and a drawn one that does not exist", () => {
  const { packages } = house();
  expect(
    violations({ floors, packages: [...packages.filter(({ name }) => name !== "right"), blank("packages/attic")] }),
  ).toEqual(["packages/attic is not in the drawing", "the drawing has right, which does not exist"]);
});

it("lets a test use a sibling, and a /node entry use Node", () => {
  const node = {
    name: "left",
    devDependencies: ["right"],
    entries: [{ entry: "./node", file: "packages/left/src/index.ts" }],
    sources: index(["node:fs"]),
  };
  expect(violations(house(node))).toEqual([]);
});
