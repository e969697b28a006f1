import { answerOrders } from '../process/answer-orders.ts'
import { see } from './see.ts'

answerOrders('medium', see)
