import ArgumentParser
import Filtering
import Foundation
import SMTPServer
import Settings
import Storage

/// The lists' folder of a configuration, for the commands.
struct ListsFolder {
  private let config: String
  private let folder: String

  init(_ config: String) throws {
    self.config = config
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: config)) else {
      Complaint.write("\(FileFault.unreadable(config)); --config names the configuration file")
      throw ExitCode(2)
    }
    let reading = Settings.read(text: String(decoding: data, as: UTF8.self), file: config)
    guard let settings = reading.settings else {
      for problem in reading.errors { Complaint.write("\(problem)") }
      throw ExitCode(2)
    }
    folder = settings.resolve(settings.listsFolder)
  }

  /// All lists; their faults go to standard error.
  func snapshot() throws -> ListSnapshot {
    do {
      let reading = ListSnapshot.parse(try BlocklistFolder(folder).sources(), at: Clock.now)
      for problem in reading.problems where problem.isError { Complaint.write("\(folder)/\(problem)") }
      guard !reading.hasErrors else { throw ExitCode(2) }
      return reading.snapshot
    } catch let code as ExitCode {
      throw code
    } catch {
      Complaint.write("\(error)")
      throw ExitCode(2)
    }
  }

  /// Edits one file, says where, and has the running gateway read it.
  func edit(
    _ file: String, _ change: (_ text: [UInt8], _ path: String) throws(ListEditError) -> ListEdit.Edited
  ) throws {
    do {
      let edited = try BlocklistFolder(folder).edit(file, change)
      for line in edited.lines { print("\(file):\(line)") }
    } catch {
      Complaint.write("\(error)")
      throw ExitCode(1)
    }
    guard let path = try? ControlSocket.path(of: config), FileManager.default.fileExists(atPath: path),
      let answer = try? ControlClient.ask(ControlRequest(command: .reload), socket: path)
    else {
      print("no gateway is running with this configuration; it counts from the next start on")
      return
    }
    for line in answer.lines { print(line) }
    if !answer.isFine { throw ExitCode(1) }
  }
}
