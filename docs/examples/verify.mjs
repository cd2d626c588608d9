// Verify that a tool call comes from KasiLabs. Node 18 or newer, no packages. Copy this file.

import { createHash, createHmac, timingSafeEqual } from "node:crypto";

const LEEWAY_SECONDS = 10;

export class NotFromKasiLabs extends Error {}

/**
 * Return the call a valid platform token belongs to; throws NotFromKasiLabs.
 *
 * `authorization` is the header as it came, `body` the raw bytes of the request: not parsed and written again.
 */
export function verify(authorization, body, { slug, secret, platformUrl }) {
  const [, head, payload, signature] = /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(authorization ?? "") ?? refuse("no token");
  const expected = createHmac("sha256", secret).update(`${head}.${payload}`).digest();
  if (!same(expected, Buffer.from(signature, "base64url"))) refuse("the signature");

  const header = decode(head);
  if (header.alg !== "HS256" || header.typ !== "tool-call+jwt") refuse("the kind of token");

  const claims = decode(payload);
  const now = Date.now() / 1000;
  if (claims.iss !== platformUrl || claims.aud !== slug) refuse("the issuer or the audience");
  if (!(claims.exp > now - LEEWAY_SECONDS && claims.iat < now + LEEWAY_SECONDS)) refuse("the time");
  if (typeof claims.jti !== "string" || typeof claims.bsh !== "string") refuse("the claims");

  const digest = createHash("sha256").update(body).digest();
  if (!same(digest, Buffer.from(claims.bsh, "base64url"))) refuse("the body");

  const call = JSON.parse(Buffer.from(body).toString("utf8"));
  if (claims.sub !== call.tool || claims.call !== call.id) refuse("the tool or the call");
  return call;
}

function decode(part) {
  return JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
}

function same(left, right) {
  return left.length === right.length && timingSafeEqual(left, right);
}

function refuse(what) {
  throw new NotFromKasiLabs(`${what} is not what a call of KasiLabs brings`);
}
