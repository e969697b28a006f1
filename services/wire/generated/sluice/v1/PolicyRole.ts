// Original file: proto/sluice/v1/admin.proto

export const PolicyRole = {
  POLICY_ROLE_UNSPECIFIED: 'POLICY_ROLE_UNSPECIFIED',
  POLICY_ROLE_ACTIVE: 'POLICY_ROLE_ACTIVE',
  POLICY_ROLE_SHADOW: 'POLICY_ROLE_SHADOW',
} as const;

export type PolicyRole =
  | 'POLICY_ROLE_UNSPECIFIED'
  | 0
  | 'POLICY_ROLE_ACTIVE'
  | 1
  | 'POLICY_ROLE_SHADOW'
  | 2

export type PolicyRole__Output = typeof PolicyRole[keyof typeof PolicyRole]
