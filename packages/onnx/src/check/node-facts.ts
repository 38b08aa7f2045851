import { invalid } from "../invalid.ts";
import type { AttributeValue, OnnxDim, OnnxNode } from "../messages.ts";
import { type Fact, shapeText } from "./fact.ts";

export type Dims = readonly OnnxDim[];

/** What a node makes, as far as its inputs tell; without a type, the one that its operator's form says. */
export type Outcome = Partial<Fact>;

/** One node with what is known of its inputs. What cannot be is refused by the node's name. */
export class NodeFacts {
  readonly node: OnnxNode;
  readonly opset: number;
  private readonly given: readonly (Fact | undefined)[];

  constructor(node: OnnxNode, opset: number, given: readonly (Fact | undefined)[]) {
    this.node = node;
    this.opset = opset;
    this.given = given;
  }

  fail(what: string): never {
    throw defect(this.node, what);
  }

  /** Whether there is such an input: optional ones may be left out. */
  has(index: number): boolean {
    return this.given[index] !== undefined;
  }

  get inputs(): number {
    return this.given.length;
  }

  type(index: number): number | undefined {
    return this.given[index]?.type;
  }

  shape(index: number): Dims | undefined {
    return this.given[index]?.shape;
  }

  values(index: number): Dims | undefined {
    return this.given[index]?.values;
  }

  /** The elements of a vector of integers where all of them are known. */
  numbers(index: number): readonly number[] | undefined {
    const values = this.values(index);
    return values?.every((value) => typeof value === "number") ? values : undefined;
  }

  int(name: string, otherwise: number): number {
    return this.attribute(name, "int") ?? otherwise;
  }

  ints(name: string): readonly number[] | undefined {
    return this.attribute(name, "ints");
  }

  text(name: string, otherwise: string): string {
    return this.attribute(name, "string") ?? otherwise;
  }

  attribute<T extends AttributeValue["type"]>(name: string, type: T): ValueOf<T> | undefined {
    const found = Object.hasOwn(this.node.attributes, name) ? this.node.attributes[name] : undefined;
    return found?.type === type ? (found.value as ValueOf<T>) : undefined;
  }

  /** Integers of an attribute, or of an input in newer operator sets. */
  listed(name: string, input: number): Dims | undefined {
    return this.ints(name) ?? this.values(input);
  }

  /** An axis counted from 0. */
  axis(axis: number, rank: number): number {
    if (axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
    return this.fail(`names axis ${axis} of ${rank}`);
  }

  axes(axes: readonly number[], rank: number): number[] {
    const counted = axes.map((axis) => this.axis(axis, rank));
    if (new Set(counted).size < counted.length) this.fail(`names an axis twice in [${axes.join(", ")}]`);
    return counted;
  }

  /** A flag: 0 or 1. */
  flag(name: string, otherwise: number): boolean {
    const value = this.int(name, otherwise);
    if (value !== 0 && value !== 1) this.fail(`has "${name}" ${value}, expected 0 or 1`);
    return value === 1;
  }

  requireRank(index: number, rank: number): void {
    const shape = this.shape(index);
    if (shape && shape.length !== rank)
      this.fail(`has input ${index} of shape ${shapeText(shape)}, expected ${rank} axes`);
  }

  requireAtLeast(index: number, rank: number): void {
    const shape = this.shape(index);
    if (shape && shape.length < rank) {
      this.fail(`has input ${index} of shape ${shapeText(shape)}, expected at least ${rank} axes`);
    }
  }
}

type ValueOf<T extends AttributeValue["type"]> = { [V in AttributeValue as V["type"]]: V["value"] }[T];

/** The error for a node, by its name or, where it has none, by what it makes. */
export function defect({ name, opType, outputs }: OnnxNode, what: string): Error {
  const node = name || (outputs[0] ?? "");
  return invalid(`node ${name ? `"${name}"` : `making "${node}"`} (${opType}) ${what}`, { node });
}
