/// Something to do on the I/O thread at a moment; brief, never blocking, and harmless when it comes too late.
struct IOTimer: Sendable {
    let deadline: Moment
    let action: @Sendable () -> Void
}

/// Timers by deadline: a binary heap. Pure.
struct TimerQueue {
    private var heap: [IOTimer] = []

    var isEmpty: Bool { heap.isEmpty }
    var next: Moment? { heap.first?.deadline }

    mutating func insert(_ timer: IOTimer) {
        heap.append(timer)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].deadline < heap[parent].deadline else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popExpired(at now: Moment) -> IOTimer? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        heap[0] = heap[heap.count - 1]
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].deadline < heap[least].deadline {
                least = child
            }
            guard least != parent else { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
