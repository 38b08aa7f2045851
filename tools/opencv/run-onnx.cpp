// Runs an ONNX file in OpenCV's DNN module: run-onnx MODEL OUTPUT[,OUTPUT...] DIM... < float32 > float32
// (Debian: libopencv-dnn-dev). The one input has the shape DIM..., outputs follow each other; numbers are little-endian.
#include <opencv2/dnn.hpp>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

int main(int count, char** words) {
  cv::dnn::Net net = cv::dnn::readNetFromONNX(words[1]);
  std::vector<cv::String> names;
  std::stringstream list(words[2]);
  for (std::string name; std::getline(list, name, ',');) names.push_back(name);

  std::vector<int> dims;
  for (int i = 3; i < count; i++) dims.push_back(std::stoi(words[i]));
  cv::Mat input(dims, CV_32F);
  if (std::fread(input.data, sizeof(float), input.total(), stdin) != input.total()) return 1;

  net.setInput(input);
  std::vector<cv::Mat> outputs;
  net.forward(outputs, names);
  for (const cv::Mat& output : outputs) std::fwrite(output.data, sizeof(float), output.total(), stdout);
}
