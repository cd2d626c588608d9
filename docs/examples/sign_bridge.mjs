// Sign a bridge request. Node 18 or newer, no packages. Copy this file.

import { createHash, createHmac, randomBytes } from "node:crypto";

/**
 * Return the token of one request, for the header `Authorization: Bearer …`. Every request needs a new one.
 *
 * `path` is what stands after the host, `body` the bytes that are sent. `key` is the idempotency key, `chatToken` the
 * token of a call; leave out what the request does not have. `issuer` is the id of the installation.
 */
export function sign(method, path, body, { issuer, kid, secret, platformUrl, key, chatToken }) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: platformUrl, htm: method, htu: path, bsh: digest(body) };
  Object.assign(claims, { iat: now, exp: now + 60, jti: randomBytes(16).toString("base64url") });
  if (key !== undefined) claims.idk = digest(key);
  if (chatToken !== undefined) claims.cth = digest(chatToken);
  const head = encode({ alg: "HS256", kid, typ: "bridge-req+jwt" });
  const signed = `${head}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const digest = (data) => createHash("sha256").update(data).digest("base64url");
