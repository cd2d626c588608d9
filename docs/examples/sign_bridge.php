<?php
// Sign a bridge request. PHP 8.1 or newer, no packages. Copy this file.

declare(strict_types=1);

/**
 * Return the token of one request, for the header "Authorization: Bearer …". Every request needs a new one.
 *
 * $path is what stands after the host, $body the bytes that are sent. $key is the idempotency key, $chatToken the token
 * of a call; null where the request has none. $issuer is the id of the installation.
 */
function sign(string $method, string $path, string $body, string $issuer, string $kid, string $secret, string $platformUrl, ?string $key = null, ?string $chatToken = null): string
{
    $encode = fn (string $bytes) => rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    $digest = fn (string $data) => $encode(hash('sha256', $data, true));
    $json = fn (array $value) => $encode(json_encode($value, JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR));

    $claims = ['iss' => $issuer, 'aud' => $platformUrl, 'htm' => $method, 'htu' => $path, 'bsh' => $digest($body)];
    $claims += ['iat' => time(), 'exp' => time() + 60, 'jti' => $encode(random_bytes(16))];
    $claims += $key === null ? [] : ['idk' => $digest($key)];
    $claims += $chatToken === null ? [] : ['cth' => $digest($chatToken)];
    $signed = $json(['alg' => 'HS256', 'kid' => $kid, 'typ' => 'bridge-req+jwt']) . '.' . $json($claims);
    return $signed . '.' . $encode(hash_hmac('sha256', $signed, $secret, true));
}
