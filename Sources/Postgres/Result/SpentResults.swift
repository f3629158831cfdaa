internal import CLibPQ
import Synchronization

/// Small results whose readers are done, on their way back to the thread that made them.
///
/// libpq allocates every result on the I/O thread. Freed on another thread its memory would not come back to the I/O
/// thread's own cache, and each result would cost a search of the heap.
final class SpentResults: Sendable {
    static let shared = SpentResults()

    /// What may wait here while the I/O thread sleeps: a megabyte at most.
    private static let capacity = 256
    private static let largest = 4096

    /// Unchecked: pointers are not sendable by themselves; each of these has one owner, this list.
    private struct Results: @unchecked Sendable {
        var pointers: [OpaquePointer] = []
    }

    private let results = Mutex(Results())

    /// False if it is to be cleared by the caller.
    func take(_ pointer: OpaquePointer) -> Bool {
        guard PQresultMemorySize(pointer) <= Self.largest else { return false }
        return results.withLockIfAvailable { results in
            guard results.pointers.count < Self.capacity else { return false }
            results.pointers.append(pointer)
            return true
        } ?? false
    }

    /// Clears what has come.
    ///
    /// - Parameter buffer: empty storage, kept by the caller to be used again.
    func clear(_ buffer: inout [OpaquePointer]) {
        let spare = Results(pointers: buffer)
        buffer = []
        let spent = results.withLock { results in
            let spent = results
            results = spare
            return spent
        }
        for pointer in spent.pointers { PQclear(pointer) }
        buffer = spent.pointers
        buffer.removeAll(keepingCapacity: true)
    }
}
