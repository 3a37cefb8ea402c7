import { ADMIN_NAME, type Identity } from '../auth/identity.ts';

/** Under whose name things are kept: all admins are one. */
export function ownerName(identity: Identity): string {
  return identity.role === 'admin' ? ADMIN_NAME : identity.name;
}
