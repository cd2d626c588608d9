// Verify that a tool call comes from KasiLabs. Node 18 or newer, no packages. Copy this file.

import { createHash, createHmac, timingSafeEqual } from "node:crypto";

const LEEWAY_SECONDS = 10;

export class NotFromKasiLabs extends Error {}

/**
 * Return the call a valid platform token belongs to; throws NotFromKasiLabs.
 *
 * `authorization` is the header as it came, `body` the raw bytes of the request: not parsed and written again. One of
 * `secrets` must have signed the token; an empty one would let everybody in.
 */
export function verify(authorization, body, { slug, secrets, platformUrl }) {
  const [, head, payload, signature] = /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(authorization ?? "") ?? refuse("no token");
  const sign = (secret) => createHmac("sha256", secret).update(`${head}.${payload}`).digest();
  const known = secrets.filter(Boolean);
  if (!known.some((secret) => same(sign(secret), Buffer.from(signature, "base64url")))) refuse("the signature");

  const header = decode(Buffer.from(head, "base64url"));
  if (header.alg !== "HS256" || header.typ !== "tool-call+jwt") refuse("the kind of token");

  const claims = decode(Buffer.from(payload, "base64url"));
  const now = Date.now() / 1000;
  if (claims.iss !== platformUrl || claims.aud !== slug) refuse("the issuer or the audience");
  if (!(claims.exp > now - LEEWAY_SECONDS && claims.iat < now + LEEWAY_SECONDS)) refuse("the time");
  if (typeof claims.jti !== "string" || typeof claims.bsh !== "string") refuse("the claims");

  const digest = createHash("sha256").update(body).digest();
  if (!same(digest, Buffer.from(claims.bsh, "base64url"))) refuse("the body");

  const call = decode(body);
  if (claims.sub !== call.tool || claims.call !== call.id) refuse("the tool or the call");
  return call;
}

function decode(bytes) {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8")) ?? {};
  } catch {
    return refuse("the JSON");
  }
}

function same(left, right) {
  return left.length === right.length && timingSafeEqual(left, right);
}

function refuse(what) {
  throw new NotFromKasiLabs(`${what} is not what a call of KasiLabs brings`);
}
