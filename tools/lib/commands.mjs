import { join, resolve } from "node:path";
import { bootstrap, pnpm } from "./bootstrap.mjs";
import { root } from "./paths.mjs";
import { expected, passThrough, workspaceEnv } from "./process.mjs";

/** Runs a TypeScript file from its sources: workspace packages resolve to their `src`, no build is needed. */
function script(file, args, cwd = root) {
  const tsx = import.meta.resolve("tsx");
  return passThrough(process.execPath, ["--import", tsx, "--conditions=@isthmus/source", join(root, file), ...args], {
    cwd,
  });
}

/** `npm run` moves to the root before it starts us; paths that a user types are relative to where they typed them. */
export function typedIn(here, env) {
  return here === root && env.INIT_CWD ? resolve(env.INIT_CWD) : here;
}

async function turbo(...args) {
  const [program, ...before] = pnpm();
  return passThrough(program, [...before, "exec", "turbo", ...args], { cwd: root, env: workspaceEnv });
}

/** command -> what it does with its arguments; each resolves to an exit code. */
const commands = {
  demo: (args) => script("tools/demo/main.ts", args),
  "demo:edge": (args) => script("tools/demo/edge/main.ts", args),
  isthmus: (args) => script("apps/cli/src/main.ts", args, typedIn(process.cwd(), process.env)),
  bench: (args) => script("tools/bench/main.ts", args),
  reproduce: (args) => script("tools/reproduce/main.ts", args),
  page: (args) => script("apps/edge/page/build/main.ts", ["--serve", ...args]),
  fuzz: (args) => script("tools/fuzz/main.ts", args),
  chaos: (args) => script("tools/chaos/main.ts", args),
  test: (args) => import("./test.mjs").then(({ test }) => test("fast", args)),
  "test:full": (args) => import("./test.mjs").then(({ test }) => test("full", args)),
  "test:soak": (args) => import("./test.mjs").then(({ test }) => test("soak", args)),
  t: ([project, ...args]) => import("./test.mjs").then(({ test }) => test("fast", ["--project", project, ...args])),
  check: (args) => import("./check.mjs").then(({ check }) => check(args)),
  format: (args) => passThrough("oxfmt", args, { cwd: root, env: workspaceEnv }),
  build: (args) => turbo("run", "build", ...args),
  "release:dry": () => import("./release.mjs").then(({ releaseDry }) => releaseDry()),
};

/** Bootstraps, then runs a command; resolves to the exit code. */
export async function run(name, args) {
  const command = commands[name];
  if (!command)
    throw expected(`Usage: node tools/run.mjs <command> [args]; commands: ${Object.keys(commands).join(", ")}`);
  await bootstrap();
  return command(args);
}
