import assert from 'node:assert/strict';
import {
  EMQX_PEER_FORMS,
  type EmqxPeerForm,
} from '../../../../src/engine/certificates/forms/bodies/emqx-peer-certificate.ts';

/** EMQX's `peer_cert_as_username` with this value. */
export function peerForm(
  mode: EmqxPeerForm['mode'],
  place: EmqxPeerForm['place'] = 'username',
): EmqxPeerForm {
  const form = EMQX_PEER_FORMS.get(`emqx_${place}_${mode}`);
  assert.ok(form);
  return form;
}
