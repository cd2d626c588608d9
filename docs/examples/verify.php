<?php
// Verify that a tool call comes from KasiLabs. PHP 8.1 or newer, no packages. Copy this file.

declare(strict_types=1);

final class NotFromKasiLabs extends Exception
{
}

/**
 * Return the call a valid platform token belongs to. $authorization is the header as it came, $body the raw bytes.
 * One of $secrets must have signed the token; an empty one would let everybody in.
 *
 * @throws NotFromKasiLabs
 */
function verify(string $authorization, string $body, string $slug, array $secrets, string $platformUrl): array
{
    $is = fn (bool $fits) => $fits ?: throw new NotFromKasiLabs();
    $bytes = fn (string $text) => (string) base64_decode(strtr($text, '-_', '+/'));

    $is(preg_match('/\ABearer ([\w-]+)\.([\w-]+)\.([\w-]+)\z/', $authorization, $part) === 1);
    $sign = fn (string $secret) => hash_hmac('sha256', "$part[1].$part[2]", $secret, true);
    $is(array_filter(array_filter($secrets), fn (string $secret) => hash_equals($sign($secret), $bytes($part[3]))) !== []);

    $header = json_decode($bytes($part[1]), true);
    $is(($header['alg'] ?? '') === 'HS256' && ($header['typ'] ?? '') === 'tool-call+jwt');

    $claims = json_decode($bytes($part[2]), true);
    $is(($claims['iss'] ?? '') === $platformUrl && ($claims['aud'] ?? '') === $slug);
    $is(($claims['exp'] ?? 0) > time() - 10 && ($claims['iat'] ?? PHP_INT_MAX) < time() + 10);
    $is(is_string($claims['jti'] ?? null) && is_string($claims['bsh'] ?? null));
    $is(hash_equals(hash('sha256', $body, true), $bytes($claims['bsh'])));

    $call = json_decode($body, true, 64);
    $is(is_array($call) && isset($call['tool'], $call['id']));
    $is(($claims['sub'] ?? null) === $call['tool'] && ($claims['call'] ?? null) === $call['id']);
    return $call;
}
