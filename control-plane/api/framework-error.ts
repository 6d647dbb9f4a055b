import { MeshError } from "../../core/errors.ts";
import type { ProblemCode } from "./contract/problem-codes.ts";
import { RequestError } from "./problem.ts";

/** Errors that the framework and its multipart plugin have names for; their own words are not for clients. */
const FRAMEWORK_ERRORS: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ["unsupported_media_type", "Content-Type: expected application/json"],
  FST_ERR_CTP_BODY_TOO_LARGE: ["too_large", "the body is too long"],
  FST_ERR_BAD_URL: ["malformed", "the path is not a valid URL"],
  FST_ERR_MAX_PARAM_LENGTH: ["malformed", "a name in the path is too long"],
  FST_PARTS_LIMIT: ["malformed", "the form has more parts than `package` and `note`"],
  FST_FILES_LIMIT: ["malformed", "the form has more than one file"],
  FST_FIELDS_LIMIT: ["malformed", "the form has more fields than `note`"],
  FST_PROTO_VIOLATION: ["malformed", "the form has an unknown field"],
  FST_MP_PREMATURE_CLOSE: ["malformed", "the upload ended early"],
  FST_INVALID_MULTIPART_CONTENT_TYPE: [
    "unsupported_media_type",
    "Content-Type: expected multipart/form-data",
  ],
};

/** The same trouble as an error of ours; what is not the request's fault stays what it is. */
export function withoutFramework(thrown: unknown): unknown {
  if (thrown instanceof MeshError || !(thrown instanceof Error)) return thrown;
  const code = "code" in thrown ? String(thrown.code) : "";
  const known = FRAMEWORK_ERRORS[code];
  if (known !== undefined) return new RequestError(...known);
  // The parser of forms throws plain errors for forms that are cut off or nonsense.
  const aboutForm = /multipart|boundary|part header|form/i.test(thrown.message);
  if (aboutForm) return new RequestError("malformed", "the form is cut off or cannot be read");
  const status = "statusCode" in thrown ? Number(thrown.statusCode) : 500;
  return status >= 400 && status < 500 ? new RequestError("malformed", "the request cannot be read") : thrown;
}
