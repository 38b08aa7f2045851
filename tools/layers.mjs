// Checks that package.json dependencies, tsconfig references, the imports in the sources and the drawing in
// docs/architecture.md agree, and that what claims to be platform-free is.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { members, readJson, root } from "./lib/paths.mjs";

const scope = "@isthmus/";

/** Floors from the first drawing in a page: `L1  graph  codec  | words` gives graph and codec; the lowest floor is 0. */
export function readDrawing(markdown) {
  const lines =
    markdown
      .match(/```text\n([\s\S]*?)```/)?.[1]
      .trim()
      .split("\n") ?? [];
  const floors = new Map();
  lines.reverse().forEach((line, height) => {
    const [label, ...names] = line.split("|")[0].trim().split(/\s+/);
    for (const name of names) floors.set(name, { height, app: label === "apps" });
  });
  return floors;
}

/** Specifiers of static and dynamic imports and re-exports in a source text. */
export function importsOf(text) {
  return ts.preProcessFile(text, true, true).importedFiles.map((file) => file.fileName);
}

function sourceFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(
      (entry) =>
        entry.isFile() && /\.(ts|mts|mjs|js)$/.test(entry.name) && !/node_modules|\/dist/.test(entry.parentPath),
    )
    .map((entry) => join(entry.parentPath, entry.name));
}

/** What a package is called without the scope; its folder may be called otherwise (`apps/edge` is `edge-agent`). */
const nameOf = (at) => readJson(join(at, "package.json")).name.slice(scope.length);

const workspaceNames = (dependencies = {}) =>
  Object.keys(dependencies)
    .filter((name) => name.startsWith(scope))
    .map((name) => name.slice(scope.length));

/** What one package says of itself; file names are relative to the workspace. */
export function readPackage(top, folder) {
  const at = join(top, folder);
  const manifest = readJson(join(at, "package.json"));
  const tsconfig = readJson(join(at, "tsconfig.json"));
  const read = (below) =>
    sourceFiles(join(at, below)).map((file) => ({
      file: relative(top, file),
      imports: importsOf(readFileSync(file, "utf8")),
    }));
  return {
    folder,
    name: nameOf(at),
    entries: Object.entries(manifest.exports ?? {}).flatMap(([entry, target]) =>
      typeof target === "object" ? [{ entry, file: join(folder, target["@isthmus/source"]) }] : [],
    ),
    dependencies: workspaceNames({
      ...manifest.dependencies,
      ...manifest.peerDependencies,
      ...manifest.optionalDependencies,
    }),
    devDependencies: workspaceNames(manifest.devDependencies),
    references: (tsconfig.references ?? []).map(({ path }) => nameOf(resolve(at, path))),
    sources: read("src"),
    tests: read("test"),
    page: read("page"),
  };
}

/** Everything that the checks need to know of a workspace. */
export function readWorkspace(top = root) {
  return {
    floors: readDrawing(readFileSync(join(top, "docs", "architecture.md"), "utf8")),
    packages: members(top)
      .filter((folder) => folder !== "tools")
      .map((folder) => readPackage(top, folder)),
  };
}

/** The drawing names each package once, and nothing else. */
function drawn({ floors, packages }) {
  const existing = new Set(packages.map(({ name }) => name));
  return [
    ...packages.filter(({ name }) => !floors.has(name)).map(({ folder }) => `${folder} is not in the drawing`),
    ...[...floors.keys()]
      .filter((name) => !existing.has(name))
      .map((name) => `the drawing has ${name}, which does not exist`),
  ];
}

/** Why `from` may not see `to`; a test may also look at its siblings, which keeps the build order free of cycles. */
function objection(floors, from, to, isTest) {
  const [here, there] = [floors.get(from), floors.get(to)];
  if (!here || !there) return there ? undefined : "not a package of the drawing";
  if (there.app) return "an app";
  if (there.height > here.height) return "on a higher floor";
  return there.height === here.height && !isTest ? "a sibling on its floor" : undefined;
}

function downOnly({ floors, packages }) {
  const check = (one, field, isTest) =>
    one[field].flatMap((to) => {
      const why = objection(floors, one.name, to, isTest);
      return why ? [`${one.folder}/package.json: ${field} has ${to}, ${why}`] : [];
    });
  return packages.flatMap((one) => [...check(one, "dependencies", false), ...check(one, "devDependencies", true)]);
}

/** tsc does not miss a missing reference while sources resolve through the source condition, so we do. */
function referencesAgree({ packages }) {
  return packages.flatMap(({ folder, dependencies, references }) => [
    ...dependencies
      .filter((name) => !references.includes(name))
      .map((name) => `${folder}/tsconfig.json: no reference to ${name}`),
    ...references
      .filter((name) => !dependencies.includes(name))
      .map((name) => `${folder}/tsconfig.json: reference to ${name}, not a dependency`),
  ]);
}

function importsAgree({ packages }) {
  const check = (one, { file, imports }, declared, mayLeave) =>
    imports.flatMap((specifier) => {
      if (specifier.startsWith(scope)) {
        const name = specifier.split("/")[1];
        return declared.includes(name) ? [] : [`${file}: imports ${name}, which its package.json does not declare`];
      }
      const outside = specifier.startsWith(".") && !join(dirname(file), specifier).startsWith(`${one.folder}/`);
      return outside && !mayLeave ? [`${file}: imports ${specifier}, outside its package`] : [];
    });
  return packages.flatMap((one) => [
    ...one.sources.flatMap((source) => check(one, source, one.dependencies, false)),
    // What is bundled into a page is nothing that its package needs when it runs.
    ...one.page.flatMap((source) => check(one, source, [...one.dependencies, ...one.devDependencies], false)),
    ...one.tests.flatMap((test) => check(one, test, [...one.dependencies, ...one.devDependencies, one.name], true)),
  ]);
}

/** Files of a package that an entry reaches through relative imports. */
function reach(entry, sources) {
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const seen = new Set();
  const visit = (file) => {
    const source = byFile.get(file);
    if (!source || seen.has(source)) return;
    seen.add(source);
    for (const specifier of source.imports.filter((one) => one.startsWith("."))) visit(join(dirname(file), specifier));
  };
  visit(entry);
  return [...seen];
}

/** Only a `/node` entry reaches Node's own modules, or another package's `/node` entry. */
function platformFree({ packages }) {
  const foreign = (specifier) => isBuiltin(specifier) || (specifier.startsWith(scope) && specifier.endsWith("/node"));
  return packages.flatMap(({ folder, entries, sources }) =>
    entries
      .filter(({ entry }) => entry !== "./node")
      .flatMap(({ entry, file }) =>
        reach(file, sources).flatMap((source) => source.imports.filter(foreign).map((name) => [entry, source, name])),
      )
      .map(([entry, source, name]) => `${source.file}: imports ${name}, and ${folder}'s entry "${entry}" reaches it`),
  );
}

/** Every disagreement in a workspace, one sentence each; empty when all is well. */
export function violations(workspace) {
  return [drawn, downOnly, referencesAgree, importsAgree, platformFree].flatMap((check) => check(workspace));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = violations(readWorkspace());
  for (const line of found) process.stderr.write(`${line}\n`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
