import {
  type CelInput,
  type CelList,
  type CelMap,
  celList,
  celMap,
  isCelList,
  isCelMap,
  isCelType,
  isCelUint,
} from "@bufbuild/cel";
import { charge, weigh } from "./cel-meter.ts";

/**
 * Plain JSON as CEL sees it: every number is a double, objects are maps whatever their keys are called. Undefined
 * members are left out.
 */
export function toCelInput(value: unknown): CelInput {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  if (Array.isArray(value)) return celList(value.map(toCelInput));
  if (typeof value === "object") return celMap(toMap(value));
  throw new TypeError(`a ${typeof value} is not JSON`);
}

function toMap(value: object): Map<string, CelInput> {
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return new Map(entries.map(([key, part]) => [key, toCelInput(part)]));
}

/**
 * A CEL result as plain JSON: numbers of every kind become numbers, timestamps RFC 3339 texts, durations seconds with
 * an `s`, bytes base64 (the JSON mapping of Protocol Buffers).
 *
 * @throws TypeError for what JSON can't hold: integers beyond 2^53, infinity, NaN, types
 */
export function toJson(value: unknown): unknown {
  charge(1);
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") {
    charge(weigh(value));
    return value;
  }
  if (typeof value === "bigint") return safeInteger(value);
  if (isCelUint(value)) return safeInteger(value.value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError(`the result ${value} is not a JSON number`);
    return Object.is(value, -0) ? 0 : value;
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (isCelList(value)) return listToJson(value);
  if (isCelMap(value)) return mapToJson(value);
  if (isCelType(value)) throw new TypeError("the result is a type, not a value");
  return messageToJson(value);
}

function listToJson(list: CelList): unknown[] {
  return Array.from(list, toJson);
}

function mapToJson(map: CelMap): Record<string, unknown> {
  const entries = Array.from(map, ([key, part]): [string, unknown] => [
    isCelUint(key) ? String(key.value) : String(key),
    toJson(part),
  ]);
  return Object.fromEntries(entries);
}

function safeInteger(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new TypeError(
    `the integer ${value} is too large for JSON; use string() to keep its digits`,
  );
}

interface SecondsAndNanos {
  $typeName: string;
  seconds: bigint;
  nanos: number;
}

function isSecondsAndNanos(value: unknown): value is { message: SecondsAndNanos } {
  if (typeof value !== "object" || value === null || !("message" in value)) return false;
  const { message } = value;
  return (
    typeof message === "object" && message !== null && "seconds" in message && "nanos" in message
  );
}

function messageToJson(value: unknown): string {
  if (!isSecondsAndNanos(value)) throw new TypeError("the result is not a JSON value");
  const { $typeName, seconds, nanos } = value.message;
  const isNegative = seconds < 0n || nanos < 0;
  if ($typeName === "google.protobuf.Duration") {
    const whole = seconds < 0n ? -seconds : seconds;
    return `${isNegative ? "-" : ""}${whole}${fraction(Math.abs(nanos))}s`;
  }
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, -5);
  return `${whole}${fraction(nanos)}Z`;
}

function fraction(nanos: number): string {
  return nanos === 0 ? "" : `.${String(nanos).padStart(9, "0").replace(/0+$/, "")}`;
}
