import { join } from "node:path";
import { root } from "../lib/paths.mjs";
import { passThrough } from "../lib/process.mjs";
import { newerNode } from "./newer-node.ts";

/** The kernels' own benchmark of the matrix product, for each build on the Node that suits it. Resolves to an exit code. */
export async function runGemmSuite(tell: (line: string) => void): Promise<number> {
  const code = await gemm(process.execPath, "simd128");
  try {
    return code || (await gemm(await newerNode(), "relaxed"));
  } catch (error) {
    tell(`the relaxed build is absent: ${(error as Error).message}`);
    return code;
  }
}

function gemm(node: string, build: string): Promise<number> {
  const file = join(root, "packages", "kernels", "bench", "gemm.ts");
  const flags = ["--import", import.meta.resolve("tsx"), "--conditions=@isthmus/source"];
  return passThrough(node, [...flags, file, build], { cwd: root });
}
