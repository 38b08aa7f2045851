/** Which lines and branches of the readers' sources ran, by V8's block coverage and the source maps of what was run. */
import { readFileSync } from "node:fs";
import { type Profiler, Session } from "node:inspector/promises";
import { findSourceMap } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { root } from "../lib/paths.mjs";

export interface FileCoverage {
  /** Relative to the checkout. */
  readonly file: string;
  /** Lines with anything that runs, and those of them that did. */
  readonly lines: number;
  readonly linesRun: number;
  /** Bodies of functions and of loops, both sides of conditions, what stands behind `&&`, `||` and `??`. */
  readonly branches: number;
  readonly missed: readonly MissedBranch[];
}

export interface MissedBranch {
  readonly line: number;
  /** Of the function that it is in, or is. */
  readonly inside: string;
  /** As it begins. */
  readonly text: string;
  /** Whether it does nothing but say that a caller's argument is wrong. */
  readonly isArgument: boolean;
}

/** What reads bytes from outside: frames, fields, payloads, tables, packets, pictures, coders' files. */
const READERS = [
  ...["ans-stack", "bits-back", "bits-back-stream", "bits-back-tables", "bitstream-error", "crc16", "crc32c", "fields"],
  ...["fixed-width", "fragments", "frame", "frequency-table", "hex", "inflate", "latent-payload", "latent-stream"],
  ...["numbers", "packet", "pixel-coder", "rans", "scaled-cdf", "session"],
].map((name) => `packages/codec/src/${name}.ts`);
const FILES = [...READERS, "packages/compress/src/lossless-file.ts", "packages/compress/src/tiles.ts"];

/** Begins to count; what it returns says what ran of the readers since. Nothing of them may have been loaded before. */
export async function startCoverage(): Promise<() => Promise<FileCoverage[]>> {
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Debugger.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  return async () => {
    const { result } = await session.post("Profiler.takePreciseCoverage");
    const found: FileCoverage[] = [];
    for (const file of FILES) {
      const script = result.find(({ url }) => url.startsWith("file:") && relative(root, fileURLToPath(url)) === file);
      if (!script) throw new Error(`${file} was not loaded`);
      const { scriptSource } = await session.post("Debugger.getScriptSource", { scriptId: script.scriptId });
      found.push(ofFile(file, scriptSource, script));
    }
    return found;
  };
}

/** A place that the source map knows, in the source, and whether it ran. */
interface Place {
  readonly line: number;
  readonly column: number;
  readonly ran: boolean;
}

function ofFile(file: string, generated: string, script: Profiler.ScriptCoverage): FileCoverage {
  const places = placesOf(generated, script);
  const lines = new Map<number, boolean>();
  for (const { line, ran } of places) lines.set(line, ran || (lines.get(line) ?? false));
  const branches = branchesOf(file).map((branch) => ({ branch, ran: hasRun(branch, places) }));
  const known = branches.filter(({ ran }) => ran !== undefined);
  return {
    ...{ file, lines: lines.size, linesRun: [...lines.values()].filter(Boolean).length, branches: known.length },
    missed: known.filter(({ ran }) => !ran).map(({ branch: { from: _, to: __, ...missed } }) => missed),
  };
}

function placesOf(generated: string, { url, functions }: Profiler.ScriptCoverage): Place[] {
  const map = findSourceMap(url);
  if (!map) throw new Error(`${url} has no source map`);
  const counts = countsOf(generated.length, functions);
  const places = new Map<string, Place>();
  let [line, column] = [0, 0];
  for (let at = 0; at < generated.length; at++, column++) {
    const entry = map.findEntry(line, column);
    const isStart = "generatedColumn" in entry && entry.generatedLine === line && entry.generatedColumn === column;
    if (isStart && entry.originalSource) {
      const { originalLine, originalColumn } = entry;
      const key = `${originalLine} ${originalColumn}`;
      const ran = counts[at]! > 0 || (places.get(key)?.ran ?? false);
      places.set(key, { line: originalLine + 1, column: originalColumn, ran });
    }
    if (generated[at] === "\n") [line, column] = [line + 1, -1];
  }
  return [...places.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** How often each character ran: inner ranges come after outer ones. */
function countsOf(length: number, functions: readonly Profiler.FunctionCoverage[]): Float64Array {
  const counts = new Float64Array(length);
  for (const { ranges } of functions) {
    for (const { startOffset, endOffset, count } of ranges) counts.fill(count, startOffset, endOffset);
  }
  return counts;
}

interface Branch extends MissedBranch {
  readonly from: Pick<Place, "line" | "column">;
  readonly to: Pick<Place, "line" | "column">;
}

/** `undefined` where the source map knows no place in it. */
function hasRun({ from, to }: Branch, places: readonly Place[]): boolean | undefined {
  const isBefore = (a: Pick<Place, "line" | "column">, b: Pick<Place, "line" | "column">): boolean =>
    a.line < b.line || (a.line === b.line && a.column < b.column);
  const inside = places.filter((place) => !isBefore(place, from) && isBefore(place, to));
  return inside.length === 0 ? undefined : inside.some(({ ran }) => ran);
}

function branchesOf(file: string): Branch[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true);
  const branches: Branch[] = [];
  const place = (position: number): Pick<Place, "line" | "column"> => {
    const { line, character } = source.getLineAndCharacterOfPosition(position);
    return { line: line + 1, column: character };
  };
  const visit = (node: ts.Node, inside: string): void => {
    const name = nameOf(node) ?? inside;
    for (const arm of armsOf(node)) {
      const text = arm.getText(source);
      const [from, to] = [place(arm.getStart(source)), place(arm.getEnd())];
      const isArgument = /^\{?\s*throw new (Range|Type)Error\(/.test(text);
      branches.push({
        from,
        to,
        line: from.line,
        inside: name,
        text: text.replace(/\s+/g, " ").slice(0, 80),
        isArgument,
      });
    }
    ts.forEachChild(node, (child) => visit(child, name));
  };
  visit(source, "");
  return branches;
}

function nameOf(node: ts.Node): string | undefined {
  const isNamed = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isVariableDeclaration(node);
  return isNamed && node.name ? node.name.getText() : undefined;
}

const SHORT_CIRCUITS = [
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
];

function armsOf(node: ts.Node): ts.Node[] {
  if (ts.isIfStatement(node))
    return node.elseStatement ? [node.thenStatement, node.elseStatement] : [node.thenStatement];
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse];
  if (ts.isBinaryExpression(node)) return SHORT_CIRCUITS.includes(node.operatorToken.kind) ? [node.right] : [];
  if (ts.isForStatement(node) || ts.isForOfStatement(node) || ts.isWhileStatement(node)) return [node.statement];
  if (ts.isCatchClause(node)) return [node.block];
  if (ts.isFunctionLike(node) && "body" in node && node.body) return [node.body as ts.Node];
  return [];
}
