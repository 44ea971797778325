import type { Customer } from '../api/types';

/** Names a customer with the e-mail, which differs between people of the same name. */
export const fullNameOf = ({ firstName, lastName, email }: Customer): string => `${firstName} ${lastName}, ${email}`;
