// Original file: proto/sluice/v1/admin.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { DeadLetter as _sluice_v1_DeadLetter, DeadLetter__Output as _sluice_v1_DeadLetter__Output } from '../../sluice/v1/DeadLetter.ts';
import type { DiscardDeadLetterRequest as _sluice_v1_DiscardDeadLetterRequest, DiscardDeadLetterRequest__Output as _sluice_v1_DiscardDeadLetterRequest__Output } from '../../sluice/v1/DiscardDeadLetterRequest.ts';
import type { DiscardDeadLetterResponse as _sluice_v1_DiscardDeadLetterResponse, DiscardDeadLetterResponse__Output as _sluice_v1_DiscardDeadLetterResponse__Output } from '../../sluice/v1/DiscardDeadLetterResponse.ts';
import type { DrainRequest as _sluice_v1_DrainRequest, DrainRequest__Output as _sluice_v1_DrainRequest__Output } from '../../sluice/v1/DrainRequest.ts';
import type { DrainResponse as _sluice_v1_DrainResponse, DrainResponse__Output as _sluice_v1_DrainResponse__Output } from '../../sluice/v1/DrainResponse.ts';
import type { GetDeadLetterRequest as _sluice_v1_GetDeadLetterRequest, GetDeadLetterRequest__Output as _sluice_v1_GetDeadLetterRequest__Output } from '../../sluice/v1/GetDeadLetterRequest.ts';
import type { Job as _sluice_v1_Job, Job__Output as _sluice_v1_Job__Output } from '../../sluice/v1/Job.ts';
import type { ListDeadLettersRequest as _sluice_v1_ListDeadLettersRequest, ListDeadLettersRequest__Output as _sluice_v1_ListDeadLettersRequest__Output } from '../../sluice/v1/ListDeadLettersRequest.ts';
import type { ListDeadLettersResponse as _sluice_v1_ListDeadLettersResponse, ListDeadLettersResponse__Output as _sluice_v1_ListDeadLettersResponse__Output } from '../../sluice/v1/ListDeadLettersResponse.ts';
import type { ReplayDeadLetterRequest as _sluice_v1_ReplayDeadLetterRequest, ReplayDeadLetterRequest__Output as _sluice_v1_ReplayDeadLetterRequest__Output } from '../../sluice/v1/ReplayDeadLetterRequest.ts';

/**
 * For operators; wants a credential with the admin scope.
 */
export interface AdminClient extends grpc.Client {
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
  
}

/**
 * For operators; wants a credential with the admin scope.
 */
export interface AdminHandlers extends grpc.UntypedServiceImplementation {
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
   * Admits the request anew: new id, new hold, new deadline.
   */
  ReplayDeadLetter: grpc.handleUnaryCall<_sluice_v1_ReplayDeadLetterRequest__Output, _sluice_v1_Job>;
  
}

export interface AdminDefinition extends grpc.ServiceDefinition {
  DiscardDeadLetter: MethodDefinition<_sluice_v1_DiscardDeadLetterRequest, _sluice_v1_DiscardDeadLetterResponse, _sluice_v1_DiscardDeadLetterRequest__Output, _sluice_v1_DiscardDeadLetterResponse__Output>
  Drain: MethodDefinition<_sluice_v1_DrainRequest, _sluice_v1_DrainResponse, _sluice_v1_DrainRequest__Output, _sluice_v1_DrainResponse__Output>
  GetDeadLetter: MethodDefinition<_sluice_v1_GetDeadLetterRequest, _sluice_v1_DeadLetter, _sluice_v1_GetDeadLetterRequest__Output, _sluice_v1_DeadLetter__Output>
  ListDeadLetters: MethodDefinition<_sluice_v1_ListDeadLettersRequest, _sluice_v1_ListDeadLettersResponse, _sluice_v1_ListDeadLettersRequest__Output, _sluice_v1_ListDeadLettersResponse__Output>
  ReplayDeadLetter: MethodDefinition<_sluice_v1_ReplayDeadLetterRequest, _sluice_v1_Job, _sluice_v1_ReplayDeadLetterRequest__Output, _sluice_v1_Job__Output>
}
