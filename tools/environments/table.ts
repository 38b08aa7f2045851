import { type EngineName, engineNames } from "@isthmus/backend";

/** What one engine did in one environment, as a test saw it. */
export interface Sight {
  readonly engine: EngineName;
  readonly environment: Environment;
  readonly works: boolean;
  /** Why it does not work, or what is missing although it does. */
  readonly reason?: string;
  /** The test's name. */
  readonly evidence: string;
}

export const environments = [
  ...(["Node 20", "Node 24", "page", "page, isolated", "Worker", "Worker, isolated"] as const),
] as const;
export type Environment = (typeof environments)[number];

const [BEGIN, END] = [
  "<!-- environments: written by tools/test/environments.full.test.ts -->",
  "<!-- environments end -->",
];

/** Engines by environments in Markdown, with what is missing below, numbered. */
export function environmentsTable(sights: readonly Sight[]): string {
  const reasons = [...new Set(sights.flatMap(({ reason }) => reason ?? []))];
  const cell = (engine: EngineName, environment: Environment): string => {
    const sight = sights.find((one) => one.engine === engine && one.environment === environment);
    if (!sight) return "not tried";
    const note = sight.reason === undefined ? "" : ` (${reasons.indexOf(sight.reason) + 1})`;
    return `${sight.works ? "yes" : "no"}${note}`;
  };
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    row(["", ...environments]),
    row(["---", ...environments.map(() => "---")]),
    ...engineNames.map((engine) => row([`\`${engine}\``, ...environments.map((place) => cell(engine, place))])),
    "",
    ...reasons.map((reason, i) => `${i + 1}. ${reason}`),
  ].join("\n");
}

/** A page with the table in its place; as it is where it has no place for one. */
export function withTable(page: string, table: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) return page;
  return `${page.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${page.slice(end)}`;
}
