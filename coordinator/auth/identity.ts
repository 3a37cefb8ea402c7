/** Who asks. Roles are ordered: an admin may do what an author may, an author what a volunteer may. */
export type Role = 'volunteer' | 'author' | 'admin';

export interface Identity {
  readonly role: Role;
  readonly name: string;
}

/** Anonymous requests from this machine to a loopback name. */
export const LOCAL: Identity = { role: 'author', name: 'local' };

const RANK: { readonly [R in Role]: number } = { volunteer: 0, author: 1, admin: 2 };

export function atLeast(identity: Identity, role: Role): boolean {
  return RANK[identity.role] >= RANK[role];
}

/** What an author owns the author and the admin may read; what the admin owns all authors may. */
export function mayRead(identity: Identity, owner: { readonly name: string }): boolean {
  return identity.role === 'admin' || owner.name === identity.name || owner.name === ADMIN_NAME;
}

/** Only the owner and the admin change or delete a thing. */
export function mayChange(identity: Identity, owner: { readonly name: string }): boolean {
  return identity.role === 'admin' || owner.name === identity.name;
}

/** The owner's name on everything that an admin made; no other token may carry it. */
export const ADMIN_NAME = 'admin';
