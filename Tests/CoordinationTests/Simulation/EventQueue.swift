/// What is to happen, in the order of time; at one and the same time in the order of scheduling.
struct EventQueue {
    private struct Entry {
        let time: Int64
        let number: Int
        let slot: Int
    }

    private var heap: [Entry] = []
    private var actions: [(() -> Void)?] = []
    private var freeSlots: [Int] = []
    private var number = 0

    mutating func schedule(at time: Int64, _ action: @escaping () -> Void) {
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
            actions[slot] = action
        } else {
            slot = actions.count
            actions.append(action)
        }
        number += 1
        heap.append(Entry(time: time, number: number, slot: slot))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard Self.isEarlier(heap[child], heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func next() -> (time: Int64, action: () -> Void)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                var smallest = parent
                for child in [2 * parent + 1, 2 * parent + 2]
                where child < heap.count && Self.isEarlier(heap[child], heap[smallest]) {
                    smallest = child
                }
                guard smallest != parent else { break }
                heap.swapAt(smallest, parent)
                parent = smallest
            }
        }
        guard let action = actions[first.slot] else { preconditionFailure("an event happens once") }
        actions[first.slot] = nil
        freeSlots.append(first.slot)
        return (first.time, action)
    }

    private static func isEarlier(_ left: Entry, _ right: Entry) -> Bool {
        left.time != right.time ? left.time < right.time : left.number < right.number
    }
}
