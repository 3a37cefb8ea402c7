/** The coordinator speaks to slots as well; so what they offer is written where both ends can read it. */
export type * from '../../shared/slots/api.ts';
