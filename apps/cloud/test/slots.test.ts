import { expect, it } from "vitest";
import { Slots } from "../src/mqtt/slots.ts";

const turn = (): Promise<void> => new Promise(setImmediate);

it("gives so many, and the next to who waits longest", async () => {
  const slots = new Slots(2);
  const order: string[] = [];
  const take = (name: string) => slots.take().then((got) => order.push(`${name} ${got}`));
  const taken = ["a", "b", "c", "d"].map(take);
  await turn();
  expect(order).toEqual(["a true", "b true"]);
  slots.give();
  await turn();
  expect(order).toEqual(["a true", "b true", "c true"]);
  slots.sendAway();
  await Promise.all(taken);
  expect(order.at(-1)).toBe("d false");
});

it("keeps to a limit that was lowered while more were out", async () => {
  const slots = new Slots(3);
  await Promise.all([slots.take(), slots.take(), slots.take()]);
  slots.limit = 1;
  let isTaken = false;
  const taken = slots.take().then(() => (isTaken = true));
  slots.give();
  slots.give();
  await turn();
  expect(isTaken).toBe(false);
  slots.give();
  await taken;
});
