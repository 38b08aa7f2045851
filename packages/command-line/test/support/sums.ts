import { IsthmusError } from "@isthmus/math";
import { Command } from "commander";
import { examples, UsageError } from "../../src/node.ts";

/** An error that only this program knows. */
export class Tired extends Error {}

/** What its commands may throw, by name. */
const ERRORS: Readonly<Record<string, () => unknown>> = {
  usage: () => new UsageError("no\n  such file"),
  outside: () => new IsthmusError("SUMS_WRONG", "byte 7:\nwrong", {}),
  tired: () => new Tired("enough"),
  bug: () => new TypeError("x is not a function"),
  text: () => "a text",
};

/** A program of two levels: `fail <how>`, and `group` of `one` and `two`. */
export function sums(): Command {
  const fail = new Command("fail")
    .argument("<how>")
    .option("--number <n>")
    .addHelpText("after", examples("sums fail bug", "sums fail usage"))
    .action((how: string) => {
      if (how in ERRORS) throw ERRORS[how]!();
    });
  const group = new Command("group");
  for (const name of ["one", "two"]) group.addCommand(new Command(name).action(() => undefined));
  return new Command("sums")
    .description("Fails as it is told.")
    .version("1.2.3")
    .addHelpText("after", examples("sums fail bug"))
    .addCommand(fail)
    .addCommand(group);
}
