/// A first-in-first-out queue: both ends in constant time.
struct FIFO<Element> {
    private var storage: [Element?] = []
    private var start = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    var first: Element? { count == 0 ? nil : storage[start] }

    private func slot(_ position: Int) -> Int {
        (start + position) & (storage.count - 1)
    }

    private mutating func reserveOne() {
        guard count == storage.count else { return }
        var grown: [Element?] = []
        grown.reserveCapacity(max(8, storage.count * 2))
        for position in 0..<count { grown.append(storage[slot(position)]) }
        while grown.count < max(8, storage.count * 2) { grown.append(nil) }
        storage = grown
        start = 0
    }

    mutating func append(_ element: Element) {
        reserveOne()
        storage[slot(count)] = element
        count += 1
    }

    mutating func prepend(_ element: Element) {
        reserveOne()
        start = (start + storage.count - 1) & (storage.count - 1)
        storage[start] = element
        count += 1
    }

    mutating func removeFirst() -> Element {
        precondition(count > 0, "removing from an empty queue")
        defer {
            storage[start] = nil
            start = (start + 1) & (storage.count - 1)
            count -= 1
        }
        return storage[start]!
    }

    mutating func popFirst() -> Element? {
        count == 0 ? nil : removeFirst()
    }

    /// Removes the first that matches; the order of the others stays. Linear.
    mutating func removeFirst(where matches: (Element) -> Bool) -> Element? {
        guard let position = (0..<count).first(where: { matches(storage[slot($0)]!) }) else { return nil }
        let removed = storage[slot(position)]
        for index in position..<(count - 1) { storage[slot(index)] = storage[slot(index + 1)] }
        storage[slot(count - 1)] = nil
        count -= 1
        return removed
    }

    mutating func withFirst(_ change: (inout Element) -> Void) {
        guard count > 0 else { return }
        change(&storage[start]!)
    }

    mutating func withLast(_ change: (inout Element) -> Void) {
        guard count > 0 else { return }
        change(&storage[slot(count - 1)]!)
    }

    /// Changes the first that matches; false if there is none. Linear.
    @discardableResult
    mutating func withFirst(where matches: (Element) -> Bool, _ change: (inout Element) -> Void) -> Bool {
        guard let position = (0..<count).first(where: { matches(storage[slot($0)]!) }) else { return false }
        change(&storage[slot(position)]!)
        return true
    }

    mutating func mutateAll(_ change: (inout Element) -> Void) {
        for position in 0..<count { change(&storage[slot(position)]!) }
    }

    func map<T>(_ transform: (Element) -> T) -> [T] {
        (0..<count).map { transform(storage[slot($0)]!) }
    }

    mutating func removeAll() {
        storage = []
        start = 0
        count = 0
    }
}

extension FIFO: Sendable where Element: Sendable {}
