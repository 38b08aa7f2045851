import type { GraphBuilder, Node } from "@isthmus/graph";
import type { Schedule } from "./schedule.ts";

/** A schedule in a graph: the scalar input `name`, or a constant where it never changes. */
export function scheduled(build: GraphBuilder, name: string, schedule: Schedule): Node {
  return typeof schedule === "number" ? build.scalar(schedule) : build.input(name, []);
}

/** Those that change, by name: what the loss has to be fed. */
export function changing(schedules: Readonly<Record<string, Schedule>>): Readonly<Record<string, Schedule>> {
  return Object.fromEntries(Object.entries(schedules).filter(([, schedule]) => typeof schedule !== "number"));
}
