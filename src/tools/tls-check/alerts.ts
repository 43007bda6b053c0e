/** TLS alert descriptions (RFC 8446 section 6, RFC 5246 section 7.2), explained to somebody who connects a device. */
const ALERTS: ReadonlyMap<number, readonly [name: string, meaning: string]> = new Map([
  [0, ['close_notify', 'the other side closes the connection']],
  [10, ['unexpected_message', 'a message came at the wrong time; often the port speaks another protocol']],
  [20, ['bad_record_mac', 'a record was changed on the way, or the keys differ']],
  [22, ['record_overflow', 'a record was too long']],
  [
    40,
    [
      'handshake_failure',
      'no common version, cipher or signature algorithm, or the server requires a client certificate',
    ],
  ],
  [
    42,
    ['bad_certificate', 'the client certificate is malformed, or missing although the server requires one'],
  ],
  [
    43,
    [
      'unsupported_certificate',
      'the server does not accept the type or purpose of the client certificate (see extendedKeyUsage)',
    ],
  ],
  [44, ['certificate_revoked', 'the client certificate is revoked']],
  [45, ['certificate_expired', 'the client certificate has expired or is not valid yet']],
  [46, ['certificate_unknown', 'the server does not accept the client certificate and gives no reason']],
  [47, ['illegal_parameter', 'a value in the handshake is invalid for the other side']],
  [
    48,
    [
      'unknown_ca',
      'the server does not know the authority that issued the client certificate, or an intermediate is missing',
    ],
  ],
  [49, ['access_denied', 'the certificate is valid, but its owner may not connect']],
  [50, ['decode_error', 'a message could not be read']],
  [51, ['decrypt_error', 'a signature did not verify: key and certificate may not belong together']],
  [70, ['protocol_version', 'the other side supports none of the offered TLS versions']],
  [71, ['insufficient_security', 'the other side requires stronger ciphers']],
  [80, ['internal_error', 'the other side had an internal error; see its log']],
  [
    86,
    ['inappropriate_fallback', 'a lower version was offered although the other side supports a higher one'],
  ],
  [90, ['user_canceled', 'the other side gave up']],
  [109, ['missing_extension', 'the handshake lacks an extension']],
  [110, ['unsupported_extension', 'the other side does not support an extension']],
  [112, ['unrecognized_name', 'the server does not serve this server name (SNI)']],
  [113, ['bad_certificate_status_response', 'the stapled OCSP answer is not valid']],
  [115, ['unknown_psk_identity', 'the server does not know the pre-shared key']],
  [116, ['certificate_required', 'the server requires a client certificate, and none was sent']],
  [120, ['no_application_protocol', 'no common application protocol (ALPN)']],
]);

export interface Alert {
  readonly code: number;
  /** The name in the RFC. */
  readonly name: string;
  readonly meaning: string;
}

export function alertOf(code: number): Alert {
  const [name, meaning] = ALERTS.get(code) ?? ['unknown', 'an alert that no specification names'];
  return { code, name, meaning };
}

/** Reads the server's alert from OpenSSL's error, whose text ends in `SSL alert number 48`. */
export function alertIn(error: Error | undefined): Alert | undefined {
  const number = /alert number (\d+)/.exec(error?.message ?? '')?.[1];
  return number === undefined ? undefined : alertOf(Number(number));
}

/** Why a client rejects the server's certificate, by Node's or OpenSSL's error code. */
export const VERIFICATION_MEANINGS: ReadonlyMap<string, string> = new Map([
  ['UNABLE_TO_GET_ISSUER_CERT', 'the issuer of an intermediate is unknown: pass its root with --ca'],
  [
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'the client does not know the authority that issued the server’s chain: pass it with --ca, or configure the server to send its intermediates',
  ],
  [
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'the server sends only its own certificate, whose issuer is unknown: configure the server to send its intermediates, or pass the issuer with --ca',
  ],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'the server’s certificate is self-signed: pass it with --ca to trust it'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'the client does not know the server’s root: pass it with --ca'],
  ['CERT_HAS_EXPIRED', 'a certificate of the server’s chain has expired'],
  ['CERT_NOT_YET_VALID', 'a certificate of the server’s chain is not valid yet; is the clock right?'],
  ['CERT_SIGNATURE_FAILURE', 'a signature in the server’s chain does not verify'],
  ['INVALID_CA', 'a certificate in the server’s chain was issued by one that is not an authority'],
  ['INVALID_PURPOSE', 'the server’s certificate is not for servers (extendedKeyUsage lacks serverAuth)'],
  ['PATH_LENGTH_EXCEEDED', 'the server’s chain is longer than one of its authorities allows'],
  ['CERT_REVOKED', 'the server’s certificate is revoked'],
  ['CERT_UNTRUSTED', 'the server’s root is not trusted for this'],
  ['CERT_REJECTED', 'the server’s root refuses this use'],
  ['EE_KEY_TOO_SMALL', 'the server’s key is too small'],
  ['CA_KEY_TOO_SMALL', 'the key of an authority is too small'],
  ['CA_MD_TOO_WEAK', 'a certificate of the server’s chain is signed with a weak hash'],
]);
