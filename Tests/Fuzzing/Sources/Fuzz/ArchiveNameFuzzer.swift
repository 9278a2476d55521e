import ContentInspection
import Dispatch
import Filtering
import Synchronization

/// Names of files, the names in zip archives, documents, and whatever libarchive and libmagic make of it: all within
/// its bounds.
let fuzzArchiveNames: @Sendable ([UInt8]) -> Void = { bytes in
  fuzzName(String(decoding: bytes, as: UTF8.self))
  if let directory = ZIPDirectory(bytes[...], most: 20) {
    promise(directory.entries.count <= 20, "more entries than asked for")
    for entry in directory.entries {
      promise(entry.name.count <= 1024, "a name out of bounds")
      fuzzName(String(decoding: entry.name, as: UTF8.self))
    }
  }
  promise(
    Documents.look(at: bytes[...]) == Documents.look(at: ([0] + bytes).dropFirst()),
    "a place in memory matters")
  var limits = InspectionLimits()
  limits.entries = 50
  limits.depth = 3
  limits.unpacked = 8 << 20
  limits.inner = 1 << 20
  limits.time = .milliseconds(500)
  let inspector = MagicArchiveInspector(limits)
  let found = waited { await inspector.inspect(bytes, name: "a.zip", isWhole: true) }
  promise((found?.entries.count ?? 0) <= limits.entries, "more entries than the bound")
  promise(found?.isArchive != false || found?.entries.isEmpty == true, "entries of what is no archive")
}

private func fuzzName(_ text: String) {
  for isPath in [false, true] {
    let name = FileName(text, isPath: isPath)
    promise(name.extensions.count <= 3, "too many extensions")
    promise(
      name.extensions.allSatisfy {
        // The class of a handler is an extension, too: 36 characters in braces.
        (1...20).contains($0.unicodeScalars.count)
          || $0.utf8.count == 38 && $0.hasPrefix("{") && $0.hasSuffix("}")
      }, "an extension out of bounds")
    promise(name.doubleExtension == nil || name.kind != nil, "a second extension behind none")
    promise(!isPath || !name.text.contains("/"), "a folder in a name")
    let again = FileName(name.text, isPath: isPath)
    promise(again.kind == name.kind && again.text == name.text, "the name of a name is another")
  }
}

/// The fuzzer's thread waits; the work is done on others.
private func waited<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) -> Value? {
  let box = Box<Value>()
  let done = DispatchSemaphore(value: 0)
  Task.detached {
    let value = await work()
    box.value.withLock { $0 = value }
    done.signal()
  }
  done.wait()
  return box.value.withLock { $0 }
}

private final class Box<Value: Sendable>: Sendable {
  let value = Mutex<Value?>(nil)
}
