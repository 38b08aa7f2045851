// Threats that the sources themselves answer: what is never asked for, never run, and never slow.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const folder = join(root, "apps", "cloud", "src");
const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({
    name,
    tree: ts.createSourceFile(name, readFileSync(join(folder, name), "utf8"), ts.ScriptTarget.Latest, true),
  }));

function nodesOf<T>(pick: (node: ts.Node) => T | undefined): (readonly [file: string, found: T])[] {
  return sources.flatMap(({ name, tree }) => {
    const found: (readonly [string, T])[] = [];
    const visit = (node: ts.Node): void => {
      const one = pick(node);
      if (one !== undefined) found.push([name, one]);
      ts.forEachChild(node, visit);
    };
    visit(tree);
    return found;
  });
}

it("asks nobody by HTTP: no address in a model or a frame is ever fetched", () => {
  const clients = /^(node:)?(https?|http2|net|tls|dgram|dns)$|undici|axios|got|node-fetch/;
  const imported = nodesOf((node) =>
    ts.isImportDeclaration(node) && !node.importClause?.isTypeOnly
      ? (node.moduleSpecifier as ts.StringLiteral).text
      : undefined,
  );
  const names = (node: ts.Node) =>
    ts.isIdentifier(node) && ["fetch", "XMLHttpRequest", "WebSocket", "EventSource"].includes(node.text)
      ? node.text
      : undefined;
  expect(nodesOf(names)).toEqual([]);
  // `isIP` only reads a text.
  expect(imported.filter(([, module]) => clients.test(module)).map(([name, module]) => `${name} ${module}`)).toEqual(
    imported.filter(([, module]) => module === "node:net").map(([name, module]) => `${name} ${module}`),
  );
  const fromNet = nodesOf((node) =>
    ts.isImportDeclaration(node) &&
    (node.moduleSpecifier as ts.StringLiteral).text === "node:net" &&
    !node.importClause?.isTypeOnly
      ? node.importClause!.getText()
      : undefined,
  );
  expect(fromNet.map(([, names]) => names)).toEqual(fromNet.map(() => "{ isIP }"));
});

it("makes no code of text, and starts no program but its own", () => {
  const words = (node: ts.Node) =>
    ts.isIdentifier(node) &&
    ["eval", "Function", "exec", "execFile", "spawn", "execSync", "spawnSync"].includes(node.text) &&
    ts.isCallExpression(node.parent) &&
    node.parent.expression === node
      ? node.text
      : undefined;
  expect(nodesOf(words)).toEqual([]);
  const news = (node: ts.Node) =>
    ts.isNewExpression(node) && ["Function", "vm"].includes(node.expression.getText()) ? node.getText() : undefined;
  expect(nodesOf(news)).toEqual([]);
  const started = nodesOf((node) =>
    ts.isImportDeclaration(node) && (node.moduleSpecifier as ts.StringLiteral).text === "node:child_process"
      ? node.importClause!.getText()
      : undefined,
  );
  expect(started.map(([name]) => name)).toEqual(["decode/worker.ts"]);
});

it("has no regular expression that a long text makes slow", { timeout: 120_000 }, () => {
  const literals = nodesOf((node) => (ts.isRegularExpressionLiteral(node) ? node.text : undefined));
  expect(literals.length).toBeGreaterThan(5);
  // What is exponential does not end on the shortest of these in a life, what is cubic not on the longest in this test's time.
  const seeds = [
    "a",
    ".",
    "0",
    "-",
    " ",
    "/",
    "a.",
    "0.",
    ",",
    ";",
    "=",
    '"',
    "device.",
    "\t",
    "a=",
    "W/",
    "\r\n",
    "q=0,",
  ];
  const texts = seeds.flatMap((seed) =>
    [40, 4000].flatMap((length) => ["", "!", "\n"].map((end) => `${seed.repeat(length / seed.length)}${end}`)),
  );
  for (const [name, literal] of literals) {
    const end = literal.lastIndexOf("/");
    const pattern = new RegExp(literal.slice(1, end), literal.slice(end + 1).replace("g", ""));
    for (const text of texts) for (const start of ["", "Bearer ", "device.", "byte "]) pattern.test(start + text);
    expect(name).not.toBe("");
  }
});

it("lets no dependency run a script when it is installed", () => {
  const workspace = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8");
  const allowed = /^allowBuilds:\n((?: {2}.+\n?)+)/m.exec(workspace)![1]!;
  expect(allowed).not.toContain("true");
  expect(allowed).toContain("onnxruntime-node: false");
});
