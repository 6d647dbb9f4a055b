import { ApiError } from "../../control-plane/api/contract/api-error.ts";

/** What was asked for; undefined where the control plane has no such thing. */
export async function unlessMissing<Value>(asked: Promise<Value>): Promise<Value | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiError && error.code === "not_found") return undefined;
    throw error;
  }
}
