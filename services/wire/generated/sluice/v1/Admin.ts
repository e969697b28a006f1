// Original file: proto/sluice/v1/admin.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ActivatePolicyRequest as _sluice_v1_ActivatePolicyRequest, ActivatePolicyRequest__Output as _sluice_v1_ActivatePolicyRequest__Output } from '../../sluice/v1/ActivatePolicyRequest.ts';
import type { ActivatePolicyResponse as _sluice_v1_ActivatePolicyResponse, ActivatePolicyResponse__Output as _sluice_v1_ActivatePolicyResponse__Output } from '../../sluice/v1/ActivatePolicyResponse.ts';
import type { ComparePoliciesRequest as _sluice_v1_ComparePoliciesRequest, ComparePoliciesRequest__Output as _sluice_v1_ComparePoliciesRequest__Output } from '../../sluice/v1/ComparePoliciesRequest.ts';
import type { ComparePoliciesResponse as _sluice_v1_ComparePoliciesResponse, ComparePoliciesResponse__Output as _sluice_v1_ComparePoliciesResponse__Output } from '../../sluice/v1/ComparePoliciesResponse.ts';
import type { CreateKeyRequest as _sluice_v1_CreateKeyRequest, CreateKeyRequest__Output as _sluice_v1_CreateKeyRequest__Output } from '../../sluice/v1/CreateKeyRequest.ts';
import type { CreateKeyResponse as _sluice_v1_CreateKeyResponse, CreateKeyResponse__Output as _sluice_v1_CreateKeyResponse__Output } from '../../sluice/v1/CreateKeyResponse.ts';
import type { DeadLetter as _sluice_v1_DeadLetter, DeadLetter__Output as _sluice_v1_DeadLetter__Output } from '../../sluice/v1/DeadLetter.ts';
import type { DiscardDeadLetterRequest as _sluice_v1_DiscardDeadLetterRequest, DiscardDeadLetterRequest__Output as _sluice_v1_DiscardDeadLetterRequest__Output } from '../../sluice/v1/DiscardDeadLetterRequest.ts';
import type { DiscardDeadLetterResponse as _sluice_v1_DiscardDeadLetterResponse, DiscardDeadLetterResponse__Output as _sluice_v1_DiscardDeadLetterResponse__Output } from '../../sluice/v1/DiscardDeadLetterResponse.ts';
import type { DrainRequest as _sluice_v1_DrainRequest, DrainRequest__Output as _sluice_v1_DrainRequest__Output } from '../../sluice/v1/DrainRequest.ts';
import type { DrainResponse as _sluice_v1_DrainResponse, DrainResponse__Output as _sluice_v1_DrainResponse__Output } from '../../sluice/v1/DrainResponse.ts';
import type { GetDeadLetterRequest as _sluice_v1_GetDeadLetterRequest, GetDeadLetterRequest__Output as _sluice_v1_GetDeadLetterRequest__Output } from '../../sluice/v1/GetDeadLetterRequest.ts';
import type { Job as _sluice_v1_Job, Job__Output as _sluice_v1_Job__Output } from '../../sluice/v1/Job.ts';
import type { ListDeadLettersRequest as _sluice_v1_ListDeadLettersRequest, ListDeadLettersRequest__Output as _sluice_v1_ListDeadLettersRequest__Output } from '../../sluice/v1/ListDeadLettersRequest.ts';
import type { ListDeadLettersResponse as _sluice_v1_ListDeadLettersResponse, ListDeadLettersResponse__Output as _sluice_v1_ListDeadLettersResponse__Output } from '../../sluice/v1/ListDeadLettersResponse.ts';
import type { ListKeysRequest as _sluice_v1_ListKeysRequest, ListKeysRequest__Output as _sluice_v1_ListKeysRequest__Output } from '../../sluice/v1/ListKeysRequest.ts';
import type { ListKeysResponse as _sluice_v1_ListKeysResponse, ListKeysResponse__Output as _sluice_v1_ListKeysResponse__Output } from '../../sluice/v1/ListKeysResponse.ts';
import type { ListPoliciesRequest as _sluice_v1_ListPoliciesRequest, ListPoliciesRequest__Output as _sluice_v1_ListPoliciesRequest__Output } from '../../sluice/v1/ListPoliciesRequest.ts';
import type { ListPoliciesResponse as _sluice_v1_ListPoliciesResponse, ListPoliciesResponse__Output as _sluice_v1_ListPoliciesResponse__Output } from '../../sluice/v1/ListPoliciesResponse.ts';
import type { LoadPolicyRequest as _sluice_v1_LoadPolicyRequest, LoadPolicyRequest__Output as _sluice_v1_LoadPolicyRequest__Output } from '../../sluice/v1/LoadPolicyRequest.ts';
import type { LoadPolicyResponse as _sluice_v1_LoadPolicyResponse, LoadPolicyResponse__Output as _sluice_v1_LoadPolicyResponse__Output } from '../../sluice/v1/LoadPolicyResponse.ts';
import type { ReplayDeadLetterRequest as _sluice_v1_ReplayDeadLetterRequest, ReplayDeadLetterRequest__Output as _sluice_v1_ReplayDeadLetterRequest__Output } from '../../sluice/v1/ReplayDeadLetterRequest.ts';
import type { RestoreLedgerRequest as _sluice_v1_RestoreLedgerRequest, RestoreLedgerRequest__Output as _sluice_v1_RestoreLedgerRequest__Output } from '../../sluice/v1/RestoreLedgerRequest.ts';
import type { RestoreLedgerResponse as _sluice_v1_RestoreLedgerResponse, RestoreLedgerResponse__Output as _sluice_v1_RestoreLedgerResponse__Output } from '../../sluice/v1/RestoreLedgerResponse.ts';
import type { RevokeKeyRequest as _sluice_v1_RevokeKeyRequest, RevokeKeyRequest__Output as _sluice_v1_RevokeKeyRequest__Output } from '../../sluice/v1/RevokeKeyRequest.ts';
import type { RevokeKeyResponse as _sluice_v1_RevokeKeyResponse, RevokeKeyResponse__Output as _sluice_v1_RevokeKeyResponse__Output } from '../../sluice/v1/RevokeKeyResponse.ts';
import type { RotateKeyRequest as _sluice_v1_RotateKeyRequest, RotateKeyRequest__Output as _sluice_v1_RotateKeyRequest__Output } from '../../sluice/v1/RotateKeyRequest.ts';
import type { RotateKeyResponse as _sluice_v1_RotateKeyResponse, RotateKeyResponse__Output as _sluice_v1_RotateKeyResponse__Output } from '../../sluice/v1/RotateKeyResponse.ts';

/**
 * For operators; wants a credential with the admin scope.
 */
export interface AdminClient extends grpc.Client {
  /**
   * Gives a version a role. Routers follow within about a second; requests under way end on the policy that they began with.
   */
  ActivatePolicy(argument: _sluice_v1_ActivatePolicyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ActivatePolicyResponse__Output>): grpc.ClientUnaryCall;
  ActivatePolicy(argument: _sluice_v1_ActivatePolicyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ActivatePolicyResponse__Output>): grpc.ClientUnaryCall;
  ActivatePolicy(argument: _sluice_v1_ActivatePolicyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ActivatePolicyResponse__Output>): grpc.ClientUnaryCall;
  ActivatePolicy(argument: _sluice_v1_ActivatePolicyRequest, callback: grpc.requestCallback<_sluice_v1_ActivatePolicyResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Gives a version a role. Routers follow within about a second; requests under way end on the policy that they began with.
   */
  activatePolicy(argument: _sluice_v1_ActivatePolicyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ActivatePolicyResponse__Output>): grpc.ClientUnaryCall;
  activatePolicy(argument: _sluice_v1_ActivatePolicyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ActivatePolicyResponse__Output>): grpc.ClientUnaryCall;
  activatePolicy(argument: _sluice_v1_ActivatePolicyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ActivatePolicyResponse__Output>): grpc.ClientUnaryCall;
  activatePolicy(argument: _sluice_v1_ActivatePolicyRequest, callback: grpc.requestCallback<_sluice_v1_ActivatePolicyResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * What came of the active policy and the one in shadow deciding on the same requests.
   */
  ComparePolicies(argument: _sluice_v1_ComparePoliciesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ComparePoliciesResponse__Output>): grpc.ClientUnaryCall;
  ComparePolicies(argument: _sluice_v1_ComparePoliciesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ComparePoliciesResponse__Output>): grpc.ClientUnaryCall;
  ComparePolicies(argument: _sluice_v1_ComparePoliciesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ComparePoliciesResponse__Output>): grpc.ClientUnaryCall;
  ComparePolicies(argument: _sluice_v1_ComparePoliciesRequest, callback: grpc.requestCallback<_sluice_v1_ComparePoliciesResponse__Output>): grpc.ClientUnaryCall;
  /**
   * What came of the active policy and the one in shadow deciding on the same requests.
   */
  comparePolicies(argument: _sluice_v1_ComparePoliciesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ComparePoliciesResponse__Output>): grpc.ClientUnaryCall;
  comparePolicies(argument: _sluice_v1_ComparePoliciesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ComparePoliciesResponse__Output>): grpc.ClientUnaryCall;
  comparePolicies(argument: _sluice_v1_ComparePoliciesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ComparePoliciesResponse__Output>): grpc.ClientUnaryCall;
  comparePolicies(argument: _sluice_v1_ComparePoliciesRequest, callback: grpc.requestCallback<_sluice_v1_ComparePoliciesResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Makes an API key. Only its hash is kept, so the answer is the one time that the key itself can be seen.
   */
  CreateKey(argument: _sluice_v1_CreateKeyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CreateKeyResponse__Output>): grpc.ClientUnaryCall;
  CreateKey(argument: _sluice_v1_CreateKeyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_CreateKeyResponse__Output>): grpc.ClientUnaryCall;
  CreateKey(argument: _sluice_v1_CreateKeyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CreateKeyResponse__Output>): grpc.ClientUnaryCall;
  CreateKey(argument: _sluice_v1_CreateKeyRequest, callback: grpc.requestCallback<_sluice_v1_CreateKeyResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Makes an API key. Only its hash is kept, so the answer is the one time that the key itself can be seen.
   */
  createKey(argument: _sluice_v1_CreateKeyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CreateKeyResponse__Output>): grpc.ClientUnaryCall;
  createKey(argument: _sluice_v1_CreateKeyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_CreateKeyResponse__Output>): grpc.ClientUnaryCall;
  createKey(argument: _sluice_v1_CreateKeyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_CreateKeyResponse__Output>): grpc.ClientUnaryCall;
  createKey(argument: _sluice_v1_CreateKeyRequest, callback: grpc.requestCallback<_sluice_v1_CreateKeyResponse__Output>): grpc.ClientUnaryCall;
  
  DiscardDeadLetter(argument: _sluice_v1_DiscardDeadLetterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DiscardDeadLetterResponse__Output>): grpc.ClientUnaryCall;
  DiscardDeadLetter(argument: _sluice_v1_DiscardDeadLetterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DiscardDeadLetterResponse__Output>): grpc.ClientUnaryCall;
  DiscardDeadLetter(argument: _sluice_v1_DiscardDeadLetterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DiscardDeadLetterResponse__Output>): grpc.ClientUnaryCall;
  DiscardDeadLetter(argument: _sluice_v1_DiscardDeadLetterRequest, callback: grpc.requestCallback<_sluice_v1_DiscardDeadLetterResponse__Output>): grpc.ClientUnaryCall;
  discardDeadLetter(argument: _sluice_v1_DiscardDeadLetterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DiscardDeadLetterResponse__Output>): grpc.ClientUnaryCall;
  discardDeadLetter(argument: _sluice_v1_DiscardDeadLetterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DiscardDeadLetterResponse__Output>): grpc.ClientUnaryCall;
  discardDeadLetter(argument: _sluice_v1_DiscardDeadLetterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DiscardDeadLetterResponse__Output>): grpc.ClientUnaryCall;
  discardDeadLetter(argument: _sluice_v1_DiscardDeadLetterRequest, callback: grpc.requestCallback<_sluice_v1_DiscardDeadLetterResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Lets a worker, or every worker of a pool, finish what it has and take no more.
   */
  Drain(argument: _sluice_v1_DrainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  Drain(argument: _sluice_v1_DrainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  Drain(argument: _sluice_v1_DrainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  Drain(argument: _sluice_v1_DrainRequest, callback: grpc.requestCallback<_sluice_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Lets a worker, or every worker of a pool, finish what it has and take no more.
   */
  drain(argument: _sluice_v1_DrainRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  drain(argument: _sluice_v1_DrainRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  drain(argument: _sluice_v1_DrainRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  drain(argument: _sluice_v1_DrainRequest, callback: grpc.requestCallback<_sluice_v1_DrainResponse__Output>): grpc.ClientUnaryCall;
  
  GetDeadLetter(argument: _sluice_v1_GetDeadLetterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeadLetter__Output>): grpc.ClientUnaryCall;
  GetDeadLetter(argument: _sluice_v1_GetDeadLetterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DeadLetter__Output>): grpc.ClientUnaryCall;
  GetDeadLetter(argument: _sluice_v1_GetDeadLetterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeadLetter__Output>): grpc.ClientUnaryCall;
  GetDeadLetter(argument: _sluice_v1_GetDeadLetterRequest, callback: grpc.requestCallback<_sluice_v1_DeadLetter__Output>): grpc.ClientUnaryCall;
  getDeadLetter(argument: _sluice_v1_GetDeadLetterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeadLetter__Output>): grpc.ClientUnaryCall;
  getDeadLetter(argument: _sluice_v1_GetDeadLetterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_DeadLetter__Output>): grpc.ClientUnaryCall;
  getDeadLetter(argument: _sluice_v1_GetDeadLetterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_DeadLetter__Output>): grpc.ClientUnaryCall;
  getDeadLetter(argument: _sluice_v1_GetDeadLetterRequest, callback: grpc.requestCallback<_sluice_v1_DeadLetter__Output>): grpc.ClientUnaryCall;
  
  /**
   * Jobs that ended without an answer and may be tried again.
   */
  ListDeadLetters(argument: _sluice_v1_ListDeadLettersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  ListDeadLetters(argument: _sluice_v1_ListDeadLettersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  ListDeadLetters(argument: _sluice_v1_ListDeadLettersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  ListDeadLetters(argument: _sluice_v1_ListDeadLettersRequest, callback: grpc.requestCallback<_sluice_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Jobs that ended without an answer and may be tried again.
   */
  listDeadLetters(argument: _sluice_v1_ListDeadLettersRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  listDeadLetters(argument: _sluice_v1_ListDeadLettersRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  listDeadLetters(argument: _sluice_v1_ListDeadLettersRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  listDeadLetters(argument: _sluice_v1_ListDeadLettersRequest, callback: grpc.requestCallback<_sluice_v1_ListDeadLettersResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Keys of the store and of the configuration, the oldest first; never the keys themselves.
   */
  ListKeys(argument: _sluice_v1_ListKeysRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListKeysResponse__Output>): grpc.ClientUnaryCall;
  ListKeys(argument: _sluice_v1_ListKeysRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ListKeysResponse__Output>): grpc.ClientUnaryCall;
  ListKeys(argument: _sluice_v1_ListKeysRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListKeysResponse__Output>): grpc.ClientUnaryCall;
  ListKeys(argument: _sluice_v1_ListKeysRequest, callback: grpc.requestCallback<_sluice_v1_ListKeysResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Keys of the store and of the configuration, the oldest first; never the keys themselves.
   */
  listKeys(argument: _sluice_v1_ListKeysRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListKeysResponse__Output>): grpc.ClientUnaryCall;
  listKeys(argument: _sluice_v1_ListKeysRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ListKeysResponse__Output>): grpc.ClientUnaryCall;
  listKeys(argument: _sluice_v1_ListKeysRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListKeysResponse__Output>): grpc.ClientUnaryCall;
  listKeys(argument: _sluice_v1_ListKeysRequest, callback: grpc.requestCallback<_sluice_v1_ListKeysResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Ladders with the policies that decide on them, and every version that is kept.
   */
  ListPolicies(argument: _sluice_v1_ListPoliciesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  ListPolicies(argument: _sluice_v1_ListPoliciesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  ListPolicies(argument: _sluice_v1_ListPoliciesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  ListPolicies(argument: _sluice_v1_ListPoliciesRequest, callback: grpc.requestCallback<_sluice_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Ladders with the policies that decide on them, and every version that is kept.
   */
  listPolicies(argument: _sluice_v1_ListPoliciesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  listPolicies(argument: _sluice_v1_ListPoliciesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  listPolicies(argument: _sluice_v1_ListPoliciesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  listPolicies(argument: _sluice_v1_ListPoliciesRequest, callback: grpc.requestCallback<_sluice_v1_ListPoliciesResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Checks a policy folder and keeps it where every router finds it. It decides on nothing yet.
   */
  LoadPolicy(argument: _sluice_v1_LoadPolicyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_LoadPolicyResponse__Output>): grpc.ClientUnaryCall;
  LoadPolicy(argument: _sluice_v1_LoadPolicyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_LoadPolicyResponse__Output>): grpc.ClientUnaryCall;
  LoadPolicy(argument: _sluice_v1_LoadPolicyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_LoadPolicyResponse__Output>): grpc.ClientUnaryCall;
  LoadPolicy(argument: _sluice_v1_LoadPolicyRequest, callback: grpc.requestCallback<_sluice_v1_LoadPolicyResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Checks a policy folder and keeps it where every router finds it. It decides on nothing yet.
   */
  loadPolicy(argument: _sluice_v1_LoadPolicyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_LoadPolicyResponse__Output>): grpc.ClientUnaryCall;
  loadPolicy(argument: _sluice_v1_LoadPolicyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_LoadPolicyResponse__Output>): grpc.ClientUnaryCall;
  loadPolicy(argument: _sluice_v1_LoadPolicyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_LoadPolicyResponse__Output>): grpc.ClientUnaryCall;
  loadPolicy(argument: _sluice_v1_LoadPolicyRequest, callback: grpc.requestCallback<_sluice_v1_LoadPolicyResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Admits the request anew: new id, new hold, new deadline.
   */
  ReplayDeadLetter(argument: _sluice_v1_ReplayDeadLetterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  ReplayDeadLetter(argument: _sluice_v1_ReplayDeadLetterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  ReplayDeadLetter(argument: _sluice_v1_ReplayDeadLetterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  ReplayDeadLetter(argument: _sluice_v1_ReplayDeadLetterRequest, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  /**
   * Admits the request anew: new id, new hold, new deadline.
   */
  replayDeadLetter(argument: _sluice_v1_ReplayDeadLetterRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  replayDeadLetter(argument: _sluice_v1_ReplayDeadLetterRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  replayDeadLetter(argument: _sluice_v1_ReplayDeadLetterRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  replayDeadLetter(argument: _sluice_v1_ReplayDeadLetterRequest, callback: grpc.requestCallback<_sluice_v1_Job__Output>): grpc.ClientUnaryCall;
  
  /**
   * Opens the ledger again after Redis has lost its data.
   */
  RestoreLedger(argument: _sluice_v1_RestoreLedgerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_RestoreLedgerResponse__Output>): grpc.ClientUnaryCall;
  RestoreLedger(argument: _sluice_v1_RestoreLedgerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_RestoreLedgerResponse__Output>): grpc.ClientUnaryCall;
  RestoreLedger(argument: _sluice_v1_RestoreLedgerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_RestoreLedgerResponse__Output>): grpc.ClientUnaryCall;
  RestoreLedger(argument: _sluice_v1_RestoreLedgerRequest, callback: grpc.requestCallback<_sluice_v1_RestoreLedgerResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Opens the ledger again after Redis has lost its data.
   */
  restoreLedger(argument: _sluice_v1_RestoreLedgerRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_RestoreLedgerResponse__Output>): grpc.ClientUnaryCall;
  restoreLedger(argument: _sluice_v1_RestoreLedgerRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_RestoreLedgerResponse__Output>): grpc.ClientUnaryCall;
  restoreLedger(argument: _sluice_v1_RestoreLedgerRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_RestoreLedgerResponse__Output>): grpc.ClientUnaryCall;
  restoreLedger(argument: _sluice_v1_RestoreLedgerRequest, callback: grpc.requestCallback<_sluice_v1_RestoreLedgerResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Ends a key with every secret it has. Routers forget it within a second.
   */
  RevokeKey(argument: _sluice_v1_RevokeKeyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_RevokeKeyResponse__Output>): grpc.ClientUnaryCall;
  RevokeKey(argument: _sluice_v1_RevokeKeyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_RevokeKeyResponse__Output>): grpc.ClientUnaryCall;
  RevokeKey(argument: _sluice_v1_RevokeKeyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_RevokeKeyResponse__Output>): grpc.ClientUnaryCall;
  RevokeKey(argument: _sluice_v1_RevokeKeyRequest, callback: grpc.requestCallback<_sluice_v1_RevokeKeyResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Ends a key with every secret it has. Routers forget it within a second.
   */
  revokeKey(argument: _sluice_v1_RevokeKeyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_RevokeKeyResponse__Output>): grpc.ClientUnaryCall;
  revokeKey(argument: _sluice_v1_RevokeKeyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_RevokeKeyResponse__Output>): grpc.ClientUnaryCall;
  revokeKey(argument: _sluice_v1_RevokeKeyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_RevokeKeyResponse__Output>): grpc.ClientUnaryCall;
  revokeKey(argument: _sluice_v1_RevokeKeyRequest, callback: grpc.requestCallback<_sluice_v1_RevokeKeyResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Gives a key a new secret; the one before goes on for a while.
   */
  RotateKey(argument: _sluice_v1_RotateKeyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_RotateKeyResponse__Output>): grpc.ClientUnaryCall;
  RotateKey(argument: _sluice_v1_RotateKeyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_RotateKeyResponse__Output>): grpc.ClientUnaryCall;
  RotateKey(argument: _sluice_v1_RotateKeyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_RotateKeyResponse__Output>): grpc.ClientUnaryCall;
  RotateKey(argument: _sluice_v1_RotateKeyRequest, callback: grpc.requestCallback<_sluice_v1_RotateKeyResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Gives a key a new secret; the one before goes on for a while.
   */
  rotateKey(argument: _sluice_v1_RotateKeyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_RotateKeyResponse__Output>): grpc.ClientUnaryCall;
  rotateKey(argument: _sluice_v1_RotateKeyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_sluice_v1_RotateKeyResponse__Output>): grpc.ClientUnaryCall;
  rotateKey(argument: _sluice_v1_RotateKeyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_sluice_v1_RotateKeyResponse__Output>): grpc.ClientUnaryCall;
  rotateKey(argument: _sluice_v1_RotateKeyRequest, callback: grpc.requestCallback<_sluice_v1_RotateKeyResponse__Output>): grpc.ClientUnaryCall;
  
}

/**
 * For operators; wants a credential with the admin scope.
 */
export interface AdminHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Gives a version a role. Routers follow within about a second; requests under way end on the policy that they began with.
   */
  ActivatePolicy: grpc.handleUnaryCall<_sluice_v1_ActivatePolicyRequest__Output, _sluice_v1_ActivatePolicyResponse>;
  
  /**
   * What came of the active policy and the one in shadow deciding on the same requests.
   */
  ComparePolicies: grpc.handleUnaryCall<_sluice_v1_ComparePoliciesRequest__Output, _sluice_v1_ComparePoliciesResponse>;
  
  /**
   * Makes an API key. Only its hash is kept, so the answer is the one time that the key itself can be seen.
   */
  CreateKey: grpc.handleUnaryCall<_sluice_v1_CreateKeyRequest__Output, _sluice_v1_CreateKeyResponse>;
  
  DiscardDeadLetter: grpc.handleUnaryCall<_sluice_v1_DiscardDeadLetterRequest__Output, _sluice_v1_DiscardDeadLetterResponse>;
  
  /**
   * Lets a worker, or every worker of a pool, finish what it has and take no more.
   */
  Drain: grpc.handleUnaryCall<_sluice_v1_DrainRequest__Output, _sluice_v1_DrainResponse>;
  
  GetDeadLetter: grpc.handleUnaryCall<_sluice_v1_GetDeadLetterRequest__Output, _sluice_v1_DeadLetter>;
  
  /**
   * Jobs that ended without an answer and may be tried again.
   */
  ListDeadLetters: grpc.handleUnaryCall<_sluice_v1_ListDeadLettersRequest__Output, _sluice_v1_ListDeadLettersResponse>;
  
  /**
   * Keys of the store and of the configuration, the oldest first; never the keys themselves.
   */
  ListKeys: grpc.handleUnaryCall<_sluice_v1_ListKeysRequest__Output, _sluice_v1_ListKeysResponse>;
  
  /**
   * Ladders with the policies that decide on them, and every version that is kept.
   */
  ListPolicies: grpc.handleUnaryCall<_sluice_v1_ListPoliciesRequest__Output, _sluice_v1_ListPoliciesResponse>;
  
  /**
   * Checks a policy folder and keeps it where every router finds it. It decides on nothing yet.
   */
  LoadPolicy: grpc.handleUnaryCall<_sluice_v1_LoadPolicyRequest__Output, _sluice_v1_LoadPolicyResponse>;
  
  /**
   * Admits the request anew: new id, new hold, new deadline.
   */
  ReplayDeadLetter: grpc.handleUnaryCall<_sluice_v1_ReplayDeadLetterRequest__Output, _sluice_v1_Job>;
  
  /**
   * Opens the ledger again after Redis has lost its data.
   */
  RestoreLedger: grpc.handleUnaryCall<_sluice_v1_RestoreLedgerRequest__Output, _sluice_v1_RestoreLedgerResponse>;
  
  /**
   * Ends a key with every secret it has. Routers forget it within a second.
   */
  RevokeKey: grpc.handleUnaryCall<_sluice_v1_RevokeKeyRequest__Output, _sluice_v1_RevokeKeyResponse>;
  
  /**
   * Gives a key a new secret; the one before goes on for a while.
   */
  RotateKey: grpc.handleUnaryCall<_sluice_v1_RotateKeyRequest__Output, _sluice_v1_RotateKeyResponse>;
  
}

export interface AdminDefinition extends grpc.ServiceDefinition {
  ActivatePolicy: MethodDefinition<_sluice_v1_ActivatePolicyRequest, _sluice_v1_ActivatePolicyResponse, _sluice_v1_ActivatePolicyRequest__Output, _sluice_v1_ActivatePolicyResponse__Output>
  ComparePolicies: MethodDefinition<_sluice_v1_ComparePoliciesRequest, _sluice_v1_ComparePoliciesResponse, _sluice_v1_ComparePoliciesRequest__Output, _sluice_v1_ComparePoliciesResponse__Output>
  CreateKey: MethodDefinition<_sluice_v1_CreateKeyRequest, _sluice_v1_CreateKeyResponse, _sluice_v1_CreateKeyRequest__Output, _sluice_v1_CreateKeyResponse__Output>
  DiscardDeadLetter: MethodDefinition<_sluice_v1_DiscardDeadLetterRequest, _sluice_v1_DiscardDeadLetterResponse, _sluice_v1_DiscardDeadLetterRequest__Output, _sluice_v1_DiscardDeadLetterResponse__Output>
  Drain: MethodDefinition<_sluice_v1_DrainRequest, _sluice_v1_DrainResponse, _sluice_v1_DrainRequest__Output, _sluice_v1_DrainResponse__Output>
  GetDeadLetter: MethodDefinition<_sluice_v1_GetDeadLetterRequest, _sluice_v1_DeadLetter, _sluice_v1_GetDeadLetterRequest__Output, _sluice_v1_DeadLetter__Output>
  ListDeadLetters: MethodDefinition<_sluice_v1_ListDeadLettersRequest, _sluice_v1_ListDeadLettersResponse, _sluice_v1_ListDeadLettersRequest__Output, _sluice_v1_ListDeadLettersResponse__Output>
  ListKeys: MethodDefinition<_sluice_v1_ListKeysRequest, _sluice_v1_ListKeysResponse, _sluice_v1_ListKeysRequest__Output, _sluice_v1_ListKeysResponse__Output>
  ListPolicies: MethodDefinition<_sluice_v1_ListPoliciesRequest, _sluice_v1_ListPoliciesResponse, _sluice_v1_ListPoliciesRequest__Output, _sluice_v1_ListPoliciesResponse__Output>
  LoadPolicy: MethodDefinition<_sluice_v1_LoadPolicyRequest, _sluice_v1_LoadPolicyResponse, _sluice_v1_LoadPolicyRequest__Output, _sluice_v1_LoadPolicyResponse__Output>
  ReplayDeadLetter: MethodDefinition<_sluice_v1_ReplayDeadLetterRequest, _sluice_v1_Job, _sluice_v1_ReplayDeadLetterRequest__Output, _sluice_v1_Job__Output>
  RestoreLedger: MethodDefinition<_sluice_v1_RestoreLedgerRequest, _sluice_v1_RestoreLedgerResponse, _sluice_v1_RestoreLedgerRequest__Output, _sluice_v1_RestoreLedgerResponse__Output>
  RevokeKey: MethodDefinition<_sluice_v1_RevokeKeyRequest, _sluice_v1_RevokeKeyResponse, _sluice_v1_RevokeKeyRequest__Output, _sluice_v1_RevokeKeyResponse__Output>
  RotateKey: MethodDefinition<_sluice_v1_RotateKeyRequest, _sluice_v1_RotateKeyResponse, _sluice_v1_RotateKeyRequest__Output, _sluice_v1_RotateKeyResponse__Output>
}
