import { expect, it } from "vitest";
import { klTable, writtenKlTable } from "../tables/kl-table.ts";

it("the table of closed forms in the README of math is what the registry and the graph say", () => {
  expect(writtenKlTable()).toBe(klTable());
});
