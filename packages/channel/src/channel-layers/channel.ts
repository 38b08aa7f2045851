/** Channels as data: what a link is trained over, and what a model file says of it. */
import type { Node } from "@isthmus/graph";
import { requireNumber, requireObject, requirePositive, requireProbability, requireWhole } from "../checks.ts";
import { type AwgnChannel, awgn, type BurstChannel, burst, type ImpulsiveChannel, impulsive } from "./additive.ts";
import { type BinaryChannel, binary } from "./binary.ts";
import { type FadingChannel, fading, type MultiTapChannel, multiTap } from "./fading.ts";
import { type AmplifierChannel, amplifier, type QuantiserChannel, quantiser } from "./hardware.ts";
import {
  type FrequencyChannel,
  frequency,
  type PhaseChannel,
  phase,
  type PhaseNoiseChannel,
  phaseNoise,
} from "./oscillator.ts";
import { type ChannelLayer, type ChannelScope, type ChannelOutput, scopeWithin } from "./scope.ts";

/** One channel behind the other, in this order. */
export interface ChainChannel {
  readonly kind: "chain";
  readonly channels: readonly ChannelDescription[];
}

/** A channel that is no data: a function of the user's. A model file knows only its name. */
export interface OwnChannel {
  readonly kind: "own";
  readonly name: string;
}

/** A channel as JSON. Those that fade, turn or distort add no noise themselves: put `awgn` behind them. */
export type ChannelDescription =
  | AwgnChannel
  | ImpulsiveChannel
  | BurstChannel
  | FadingChannel
  | MultiTapChannel
  | PhaseChannel
  | FrequencyChannel
  | PhaseNoiseChannel
  | AmplifierChannel
  | QuantiserChannel
  | BinaryChannel
  | ChainChannel
  | OwnChannel;

/** A channel of the user's: {@link ownChannel}. */
export interface GivenOwnChannel extends OwnChannel {
  readonly layer: ChannelLayer;
}

/** What may be given: data, a kind whose defaults will do, or a function of the user's, anywhere in a chain. */
export type Channel =
  | Exclude<ChannelDescription, ChainChannel | OwnChannel>
  | { readonly kind: "chain"; readonly channels: readonly Channel[] }
  | GivenOwnChannel;

/** One channel behind the other. */
export function chain(...channels: readonly Channel[]): Channel {
  return { kind: "chain", channels };
}

/** A channel of one's own, written on the graph. It must name all its noise, and be of the same name whenever its model is loaded. */
export function ownChannel(name: string, layer: ChannelLayer): GivenOwnChannel {
  return { kind: "own", name, layer };
}

type Kind = ChannelDescription["kind"];
type Rules = { readonly [K in Kind]: Rule<Extract<ChannelDescription, { kind: K }>> };

interface Rule<C> {
  readonly fields: readonly string[];
  /** Whether its uses have to be complex. */
  readonly complex?: boolean;
  readonly check: (channel: C) => void;
}

const none = (): void => undefined;
const requireRatio = ({ ratio }: { readonly ratio: number }): void => requirePositive("channel.ratio", ratio);
const requireShare = ({ probability }: { readonly probability: number }): void =>
  requireProbability("channel.probability", probability);

function requireFading({ per, factor }: FadingChannel): void {
  if (per !== undefined && per !== "block" && per !== "symbol") {
    throw new RangeError(`"channel.per" expected block or symbol, got ${String(per)}`);
  }
  if (factor === undefined) return;
  requireNumber("channel.factor", factor);
  if (!(factor >= 0 && factor < Infinity))
    throw new RangeError(`"channel.factor" expected a number of at least 0, got ${factor}`);
}

function requireTaps({ taps, powers }: MultiTapChannel): void {
  requireWhole("channel.taps", taps, 1, 1024);
  if (powers === undefined) return;
  if (powers.length !== taps)
    throw new RangeError(`"channel.powers" expected ${taps}, one for each tap, got ${powers.length}`);
  powers.forEach((power) => requirePositive("channel.powers", power));
}

const rules: Rules = {
  awgn: { fields: [], check: none },
  impulsive: { fields: ["probability", "ratio"], check: (channel) => (requireShare(channel), requireRatio(channel)) },
  burst: {
    fields: ["probability", "length", "ratio"],
    check: (channel) => {
      requirePositive("channel.probability", channel.probability);
      requireShare(channel);
      requireWhole("channel.length", channel.length, 1);
      requireRatio(channel);
    },
  },
  rayleigh: { fields: ["per"], check: requireFading },
  rician: { fields: ["per", "factor"], check: requireFading },
  multiTap: { fields: ["taps", "powers", "tail"], complex: true, check: requireTaps },
  phase: {
    fields: ["most"],
    complex: true,
    check: ({ most = Math.PI }) => {
      requirePositive("channel.most", most);
      if (most > Math.PI) throw new RangeError(`"channel.most" expected at most pi, got ${most}`);
    },
  },
  frequency: { fields: ["most"], complex: true, check: ({ most }) => requirePositive("channel.most", most) },
  phaseNoise: {
    fields: ["deviation"],
    complex: true,
    check: ({ deviation }) => requirePositive("channel.deviation", deviation),
  },
  amplifier: {
    fields: ["saturation", "smoothness"],
    check: ({ saturation = 1, smoothness = 2 }) => {
      requirePositive("channel.saturation", saturation);
      requirePositive("channel.smoothness", smoothness);
    },
  },
  quantiser: {
    fields: ["bits", "range"],
    check: ({ bits, range = 2 }) => {
      requireWhole("channel.bits", bits, 1, 12);
      requirePositive("channel.range", range);
    },
  },
  bsc: { fields: ["probability"], check: requireShare },
  bec: { fields: ["probability"], check: requireShare },
  chain: { fields: ["channels"], check: none },
  own: { fields: ["name", "layer"], check: none },
};

/** Every kind that a description may name. */
export const channelKinds: readonly Kind[] = Object.keys(rules) as Kind[];

/**
 * Checks a channel.
 *
 * @throws TypeError, RangeError an unknown kind or field, a value out of range, or one of complex uses where they are real.
 */
export function requireChannel(channel: Channel, complex: boolean): void {
  requireObject("channel", channel);
  const rule = Object.hasOwn(rules, channel.kind) ? (rules[channel.kind] as Rule<unknown>) : undefined;
  if (!rule)
    throw new RangeError(`"channel" expected the kind ${channelKinds.join(", ")}, got ${String(channel.kind)}`);
  const strange = Object.keys(channel).find((name) => name !== "kind" && !rule.fields.includes(name));
  if (strange !== undefined) throw new RangeError(`"channel" of kind ${channel.kind} has no "${strange}"`);
  if (rule.complex === true && !complex)
    throw new RangeError(`"channel" of kind ${channel.kind} expected complex uses`);
  rule.check(channel);
  if (channel.kind === "chain") requireChain(channel.channels, complex);
  if (channel.kind === "own") requireOwn(channel);
}

function requireChain(channels: readonly Channel[], complex: boolean): void {
  if (!Array.isArray(channels) || channels.length === 0) {
    throw new RangeError(`"channel.channels" expected at least one channel`);
  }
  channels.forEach((one: Channel) => requireChannel(one, complex));
}

function requireOwn({ name, layer }: GivenOwnChannel): void {
  if (typeof name !== "string") throw new TypeError(`"channel.name" expected a string, got ${typeof name}`);
  if (typeof layer === "function") return;
  throw new TypeError(
    `"channel" of kind own expected the function of ${JSON.stringify(name)}: make it with ownChannel`,
  );
}

/** What a model file says of a channel: all but functions. */
export function describedChannel(channel: Channel): ChannelDescription {
  if (channel.kind === "chain") return { kind: "chain", channels: channel.channels.map(describedChannel) };
  return channel.kind === "own" ? { kind: "own", name: channel.name } : channel;
}

/** Writes a checked channel into a graph: x, real uses [batch, n] or pairs [batch, n, 2], becomes what is received. */
export function throughChannel(channel: Channel, scope: ChannelScope, x: Node): ChannelOutput {
  switch (channel.kind) {
    case "awgn":
      return awgn(scope, x);
    case "impulsive":
      return impulsive(channel, scope, x);
    case "burst":
      return burst(channel, scope, x);
    case "rayleigh":
    case "rician":
      return fading(channel, scope, x);
    case "multiTap":
      return multiTap(channel, scope, x);
    case "phase":
      return phase(channel, scope, x);
    case "frequency":
      return frequency(channel, scope, x);
    case "phaseNoise":
      return phaseNoise(channel, scope, x);
    case "amplifier":
      return amplifier(channel, scope, x);
    case "quantiser":
      return quantiser(channel, scope, x);
    case "bsc":
    case "bec":
      return binary(channel, scope, x);
    case "chain":
      return through(channel.channels, scope, x);
    case "own":
      return channel.layer(scope, x);
  }
}

/** The states of all of them, one after the other. */
function through(channels: readonly Channel[], scope: ChannelScope, x: Node): ChannelOutput {
  const states: Node[] = [];
  const y = channels.reduce((signal, one, index) => {
    const received = throughChannel(one, scopeWithin(scope, String(index)), signal);
    if (received.state) states.push(received.state);
    return received.y;
  }, x);
  if (states.length === 0) return { y };
  return { y, state: states.length === 1 ? states[0]! : scope.build.concat(states, 1) };
}
